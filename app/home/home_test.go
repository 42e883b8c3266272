package home_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
)

func dir(t *testing.T) home.Dir {
	t.Helper()
	d, err := home.At(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Prepare(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEnvironmentMovesTheHome(t *testing.T) {
	want := filepath.Join(t.TempDir(), "elsewhere")
	t.Setenv(home.EnvVar, want)
	d, err := home.Default()
	if err != nil || d.Root() != want {
		t.Errorf("got %q, %v", d.Root(), err)
	}
	if _, err := os.Stat(want); err == nil {
		t.Error("looking created it")
	}
}

func TestPrepareMakesItOwnerOnly(t *testing.T) {
	d := dir(t)
	st, err := os.Stat(d.Root())
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestPrepareOfAnUnwritableHomeNamesTheNextAction(t *testing.T) {
	// A file in the way stops everybody, root included.
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := home.At(path)
	if err != nil {
		t.Fatal(err)
	}
	info := app.InfoOf(d.Prepare())
	if info == nil || !strings.Contains(info.Message, path) || !strings.Contains(info.Hint, home.EnvVar) {
		t.Errorf("got %+v", info)
	}
}

func TestLongSocketPathsAreRefusedBeforeAnythingIsMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	d, err := home.At(path)
	if err != nil {
		t.Fatal(err)
	}
	info := app.InfoOf(d.Prepare())
	if info == nil || !strings.Contains(info.Message, "bytes long") || !strings.Contains(info.Hint, home.EnvVar) {
		t.Errorf("got %+v", info)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the directory was made all the same")
	}
}

func TestSettingsAreKept(t *testing.T) {
	d := dir(t)
	def := app.DefaultSettings(app.Host{CPUs: 2, Memory: 8 << 30})
	if got, err := d.LoadSettings(def); err != nil || !reflect.DeepEqual(got, def) {
		t.Fatalf("without a file: %+v, %v", got, err)
	}
	want := def
	want.CPUs, want.Accel = 7, "tcg"
	if err := d.SaveSettings(want); err != nil {
		t.Fatal(err)
	}
	if got, err := d.LoadSettings(def); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSettingsFileThatCannotBeUsedIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{"damaged": `{"version":1,`, "newer": `{"version":99}`} {
		t.Run(name, func(t *testing.T) {
			d := dir(t)
			if err := os.WriteFile(d.SettingsFile(), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := d.LoadSettings(app.Settings{})
			if info := app.InfoOf(err); info == nil || info.Hint == "" || !strings.Contains(info.Message, name) {
				t.Errorf("got %+v", info)
			}
			if b, err := os.ReadFile(d.SettingsFile()); err != nil || string(b) != text {
				t.Errorf("the file is now %q, %v", b, err)
			}
		})
	}
}

// TestMain lets this test program be the other process that holds the lock.
func TestMain(m *testing.M) {
	if path := os.Getenv("HOLD_LOCK_OF"); path != "" {
		d, err := home.At(path)
		if err == nil {
			_, err = d.Lock()
		}
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString("locked\n")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until we are killed
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestLockIsHeldByOneProcessUntilItDies(t *testing.T) {
	d := dir(t)
	if locked, err := d.Locked(); err != nil || locked {
		t.Fatalf("fresh home: %v, %v", locked, err)
	}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "HOLD_LOCK_OF="+d.Root())
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock(); !errors.Is(err, home.ErrLocked) {
		t.Errorf("lock that another process holds: %v", err)
	}
	if locked, err := d.Locked(); err != nil || !locked || d.OwnerPID() != other.Process.Pid {
		t.Errorf("locked %v by %d, %v; want by %d", locked, d.OwnerPID(), err, other.Process.Pid)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	if locked, err := d.Locked(); err != nil || locked {
		t.Errorf("after its death: %v, %v", locked, err)
	}
	l, err := d.Lock()
	if err != nil {
		t.Fatalf("lock of a dead process: %v", err)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
}
