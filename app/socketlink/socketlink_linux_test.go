package socketlink

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
)

func TestCommandAsksInTheSystemsWay(t *testing.T) {
	only := func(names ...string) func(string) bool {
		return func(p string) bool { return slices.Contains(names, p) }
	}
	for _, tt := range []struct {
		name string
		a    Asker
		want []string
	}{
		{"root", Asker{Root: true, Has: only()}, []string{"/bin/sh", "-c", "x"}},
		{"terminal", Asker{Terminal: true, Has: only("sudo", "pkexec")}, []string{"sudo", "/bin/sh", "-c", "x"}},
		{"desktop", Asker{Has: only("sudo", "pkexec")}, []string{"pkexec", "/bin/sh", "-c", "x"}},
		{"terminal without sudo", Asker{Terminal: true, Has: only("pkexec")}, []string{"pkexec", "/bin/sh", "-c", "x"}},
		{"nothing", Asker{Has: only("sudo")}, nil},
	} {
		if got := tt.a.command("x"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestScripts(t *testing.T) {
	got := LinkScript("/run/d.sock", "/home/o'me/a b%/docker.sock")
	want := `ln -sfn '/home/o'\''me/a b%/docker.sock' '/run/d.sock' && if [ -d /etc/tmpfiles.d ]; then printf '%s\n' ` +
		`'L+ /run/d.sock - - - - /home/o'\''me/a b%%/docker.sock' > /etc/tmpfiles.d/wherry-docker.conf; fi`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := UnlinkScript("/run/d.sock"); got != "rm -f '/run/d.sock' /etc/tmpfiles.d/wherry-docker.conf" {
		t.Errorf("got %s", got)
	}
}

// TestLink makes links in a folder of its own, where nobody has to be asked: `sh` stands for what asks.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	path, socket := filepath.Join(dir, "docker.sock"), filepath.Join(dir, "a b'c", "docker.sock")
	a := Asker{Root: true, Has: func(string) bool { return true }, Stdout: io.Discard, Stderr: os.Stderr}
	link := func() error {
		state, _, err := Look(path, socket)
		if err != nil || state == Ours {
			return err
		}
		if state == Foreign && !dangling(path) {
			return Link(t.Context(), a, path, socket) // refused before anything runs
		}
		return a.run(t.Context(), strings.SplitN(LinkScript(path, socket), " && ", 2)[0]) // not /etc's part
	}
	for range 2 {
		if err := link(); err != nil {
			t.Fatal(err)
		}
		if state, to, err := Look(path, socket); state != Ours || to != socket || err != nil {
			t.Fatalf("got %s %s, %v", state, to, err)
		}
	}
	if err := Link(t.Context(), a, path, socket); err != nil {
		t.Errorf("a second link: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := Unlink(t.Context(), a, path, socket); err != nil {
		t.Errorf("nothing to unlink: %v", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info := app.InfoOf(link()); info == nil || info.Hint == "" {
		t.Errorf("another engine's socket: %+v", info)
	}
	if err := Unlink(t.Context(), a, path, socket); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("another engine's socket is gone: %v", err)
	}
}
