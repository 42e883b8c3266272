package qemu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/process"
	"github.com/wherry-app/wherry/vmhost/vmtest"
)

// orphanEnv makes the test binary a daemon that starts the machine in this variable and dies.
const (
	orphanEnv = "WHERRY_TEST_ORPHAN"
	cacheEnv  = "WHERRY_TEST_CACHE"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(orphanEnv); spec != "" {
		if err := orphan([]byte(spec)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	_ = os.Remove(sharedCache())
	if leak := leaked(); code == 0 && leak != "" {
		fmt.Fprintln(os.Stderr, "goroutines are left:\n"+leak)
		code = 1
	}
	os.Exit(code)
}

// leaked are the goroutines of this package that do not end once all machines have.
func leaked() string {
	var stacks []byte
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		stacks = make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !bytes.Contains(stacks, []byte("vmhost/qemu.(*")) && !bytes.Contains(stacks, []byte("vmhost/process.(*")) {
			return ""
		}
	}
	return string(stacks)
}

// sharedCache is where all tests of this run keep what they found out about accelerators.
func sharedCache() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("wherry-test-accel-%d.json", os.Getpid()))
}

// orphan says that it starts a machine, does so, prints its Info and dies as of kill -9.
func orphan(text []byte) error {
	var spec vmhost.Spec
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	ctx, d := context.Background(), New(Config{CacheFile: os.Getenv(cacheEnv)})
	m, err := d.Create(ctx, spec)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "starting")
	info, err := m.Start(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(info); err != nil {
		return err
	}
	self, err := process.Open(os.Getpid())
	if err != nil {
		return err
	}
	return self.Kill()
}

// orphanCommand is a process that runs orphan.
func orphanCommand(t *testing.T, s vmhost.Spec) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), orphanEnv+"="+string(text), cacheEnv+"="+sharedCache())
	return cmd
}

// startOrphan runs orphan in a process of its own.
func startOrphan(t *testing.T, s vmhost.Spec) vmhost.Info {
	t.Helper()
	cmd := orphanCommand(t, s)
	var said bytes.Buffer
	cmd.Stderr = &said
	printed, err := cmd.Output()
	var info vmhost.Info
	if jsonErr := json.Unmarshal(printed, &info); jsonErr != nil {
		t.Fatalf("orphaning process: %v: %s", err, said.Bytes())
	}
	t.Cleanup(func() { kill(t, info.PID) })
	return info
}

// kill ends a process as kill -9 does, if it is there.
func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := process.Open(pid)
	if errors.Is(err, os.ErrProcessDone) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}

// missing skips a test for want of something, but not where everything has to be there.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// needQEMU is the QEMU program for guests of this host's architecture.
func needQEMU(t *testing.T) string {
	t.Helper()
	binary, err := findBinary("", vmhost.HostArch())
	if err != nil {
		missing(t, "QEMU is missing: %v", err)
	}
	return binary
}

// guestKernel is the kernel of the guest image, from WHERRY_GUEST_DIR or from where make guest puts it.
func guestKernel(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("WHERRY_GUEST_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "dist", "guest-"+string(vmhost.HostArch()))
	}
	kernel, err := filepath.Abs(filepath.Join(dir, "kernel"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kernel); err != nil {
		missing(t, "guest image is missing: %v (build it with: make guest)", err)
	}
	return kernel
}

// echoInitrd is an initrd with the suite's guest, built once.
var echoInitrd = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "echoguest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "init")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./testdata/echoguest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+string(vmhost.HostArch()))
	if printed, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build guest: %w: %s", err, printed)
	}
	init, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	return archive(map[string][]byte{"init": init}), nil
})

// archive packs executable files into a cpio archive in the format "newc".
func archive(files map[string][]byte) []byte {
	var out bytes.Buffer
	pad := func() {
		for out.Len()%4 != 0 {
			out.WriteByte(0)
		}
	}
	add := func(name string, mode int, content []byte) {
		fmt.Fprintf(&out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
		out.WriteString(name + "\x00")
		pad()
		out.Write(content)
		pad()
	}
	for name, content := range files {
		add(name, 0o100755, content)
	}
	add("TRAILER!!!", 0, nil)
	return out.Bytes()
}

// testSpec is a machine with the suite's guest, in folders whose names have spaces and commas.
func testSpec(t *testing.T) vmhost.Spec {
	t.Helper()
	needQEMU(t)
	kernel := guestKernel(t)
	initrd, err := echoInitrd()
	if err != nil {
		t.Fatal(err)
	}
	// t.TempDir is too long for a socket's path on some systems.
	home, err := os.MkdirTemp("", "w, ")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	path := filepath.Join(home, "initrd")
	if err := os.WriteFile(path, initrd, 0o600); err != nil {
		t.Fatal(err)
	}
	return vmhost.Spec{
		Arch:       vmhost.HostArch(),
		CPUs:       1,
		Memory:     256 * mebibyte,
		Kernel:     kernel,
		Initrd:     path,
		Cmdline:    "quiet panic=-1 cryptomgr.notests no_timer_check 8250.nr_uarts=1",
		MAC:        "5a:94:ef:e4:0c:ee",
		Dir:        filepath.Join(home, "a machine, one"),
		ConsoleLog: filepath.Join(home, "console, one.log"),
	}
}

// testDriver is a Driver whose findings are shared by all tests.
func testDriver(t *testing.T) *Driver {
	t.Helper()
	return New(Config{CacheFile: sharedCache()})
}

func TestSuite(t *testing.T) {
	vmtest.Suite(t, func(t *testing.T) vmtest.Harness {
		return vmtest.Harness{
			Driver: testDriver(t),
			Spec:   testSpec,
			Kill:   func(t *testing.T, _ vmhost.Spec, info vmhost.Info) { kill(t, info.PID) },
			Orphan: startOrphan,
		}
	})
}
