package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestShare is about folders of the host in containers.
func TestShare(t *testing.T) {
	long(t)
	s := newSharing(t)
	for _, test := range []struct {
		name string
		run  func(*sharing)
		long bool // only if all is asked for
	}{
		{"both ways", (*sharing).bothWays, false},
		{"what is not there", (*sharing).missingSources, false},
		{"what is not shared", (*sharing).unshared, false},
		{"volumes and links", (*sharing).otherBinds, false},
		{"read-only", (*sharing).readOnly, false},
		{"added and removed live", (*sharing).liveShares, false},
		{"events of the host's edits", (*sharing).events, false},
		{"events of the container's edits", (*sharing).hostEvents, true},
		{"no way out", (*sharing).escapes, true},
		{"as POSIX has it", (*sharing).posix, true},
		{"both sides at random", (*sharing).bothAtRandom, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.long && os.Getenv("SHARE_TESTS") == "" {
				t.Skip("takes long: run `make test-share`, or set SHARE_TESTS=1")
			}
			s.with(test.run)(t)
		})
	}
}

func (s *sharing) bothWays() {
	dir := s.folder("both")
	s.write(filepath.Join(dir, "from host"), "hello container")
	got := s.shell(dir, `cat "from host"; mkdir -p sub && echo hello host > sub/made; ls -ln sub/made | cut -c1-10; id -u`)
	if got != "hello container-rw-r--r--\n0\n" {
		s.t.Errorf("container: %q", got)
	}
	b, err := os.ReadFile(filepath.Join(dir, "sub/made"))
	if err != nil || string(b) != "hello host\n" {
		s.t.Errorf("host: %q, %v", b, err)
	}
	// A file alone, and by --mount.
	file := filepath.Join(dir, "from host")
	if got := s.docker("run", "--rm", "--mount", "type=bind,source="+file+",target=/f", "share", "cat", "/f"); got != "hello container" {
		s.t.Errorf("file: %q", got)
	}
	// What a container sees while it runs.
	s.docker("run", "-d", "--name", "long", "-v", dir+":/m", "share", "sleep", "600")
	defer s.docker("rm", "-f", "long")
	for i := range 3 {
		want := fmt.Sprintf("version %d%s", i, strings.Repeat("!", i))
		s.write(file, want)
		s.soon("the container's read", func() (string, bool) {
			got := s.docker("exec", "long", "cat", "/m/from host")
			return got, got == want
		})
	}
}

// soon waits, within limits that a slow machine keeps, for what a look shows to be right.
func (s *sharing) soon(what string, look func() (string, bool)) {
	s.t.Helper()
	var got string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var ok bool
		if got, ok = look(); ok {
			return
		}
	}
	s.t.Errorf("%s is %q after 30 s", what, got)
}

func (s *sharing) missingSources() {
	dir := s.folder("missing")
	fresh := filepath.Join(dir, "new/deep")
	if got := s.shell(fresh, "echo x > f; ls"); got != "f\n" {
		s.t.Errorf("got %q", got)
	}
	if st, err := os.Stat(fresh); err != nil || !st.IsDir() {
		s.t.Errorf("on the host: %v", err)
	}
	s.refused([]string{"run", "--rm", "--mount", "type=bind,source=" + filepath.Join(dir, "none") + ",target=/m", "share", "ls"}, "bind source path does not exist")
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		s.t.Error("--mount made a folder")
	}
}

func (s *sharing) unshared() {
	secret := filepath.Join(s.out, "secret")
	if err := os.Mkdir(secret, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.write(filepath.Join(secret, "file"), "secret")
	if err := os.Symlink(secret, filepath.Join(s.dir, "link out")); err != nil {
		s.t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "--rm", "-v", secret + ":/m", "share", "ls", "/m"},
		{"run", "--rm", "-v", s.dir + "/../secret:/m", "share", "ls", "/m"},
		{"run", "--rm", "-v", filepath.Join(s.dir, "link out") + ":/m", "share", "ls", "/m"},
		{"run", "--rm", "--mount", "type=bind,source=" + secret + ",target=/m", "share", "ls", "/m"},
		{"volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=" + secret, "stolen"},
	} {
		s.refused(args, "shared with containers", "wherry share add "+secret)
	}
}

func (s *sharing) otherBinds() {
	dir := s.folder("volume")
	s.write(filepath.Join(dir, "f"), "by a volume")
	s.docker("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device="+dir, "bound")
	if got := s.docker("run", "--rm", "-v", "bound:/m", "share", "cat", "/m/f"); got != "by a volume" {
		s.t.Errorf("volume: %q", got)
	}
	s.docker("volume", "rm", "bound")
	mount := `type=volume,target=/m,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,"volume-opt=device=` + dir + `"`
	if got := s.docker("run", "--rm", "--mount", mount, "share", "cat", "/m/f"); got != "by a volume" {
		s.t.Errorf("volume in a mount: %q", got)
	}
	link := filepath.Join(s.dir, "link in")
	if err := os.Symlink("volume", link); err != nil {
		s.t.Fatal(err)
	}
	if got := s.shell(link, "cat f"); got != "by a volume" {
		s.t.Errorf("over a link: %q", got)
	}
}

func (s *sharing) readOnly() {
	ro := filepath.Join(s.out, "read only")
	if err := os.Mkdir(ro, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.write(filepath.Join(ro, "f"), "as it was")
	s.wherry("share", "add", "--read-only", ro)
	defer s.wherry("share", "remove", ro)
	got := s.shell(ro, "cat f; for c in 'echo x > f' 'echo x > new' 'rm f' 'mkdir d' 'mv f g' 'chmod 600 f' 'touch f' 'ln f g' 'ln -s x y'; do sh -c \"$c\" 2>&1 | grep -q 'Read-only file system' || echo \"$c: not refused\"; done")
	if got != "as it was" {
		s.t.Errorf("container: %q", got)
	}
	if b, err := os.ReadFile(filepath.Join(ro, "f")); err != nil || string(b) != "as it was" {
		s.t.Errorf("host: %q, %v", b, err)
	}
}

func (s *sharing) liveShares() {
	added := filepath.Join(s.out, "added")
	if err := os.Mkdir(added, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.write(filepath.Join(added, "f"), "live")
	s.refused([]string{"run", "--rm", "-v", added + ":/m", "share", "ls"}, "wherry share add "+added)
	pid := s.status().VM.PID
	s.wherry("share", "add", added)
	if got := s.shell(added, "cat f"); got != "live" {
		s.t.Errorf("got %q", got)
	}
	if out := s.wherry("share"); !strings.Contains(out, added) || !strings.Contains(out, "ready") {
		s.t.Errorf("wherry share: %s", out)
	}
	s.wherry("share", "remove", added)
	s.refused([]string{"run", "--rm", "-v", added + ":/m", "share", "ls"}, "wherry share add "+added)
	if now := s.status().VM.PID; now != pid {
		s.t.Errorf("the VM was restarted: %d, then %d", pid, now)
	}
}
