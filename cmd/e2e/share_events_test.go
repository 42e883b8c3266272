package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// edit is something that is done to files, and the events it has to cause, in this order; others may come between.
type edit struct {
	name string
	do   func(dir string) error
	want []string
}

// edits are what editors and tools do.
func edits() []edit {
	at := filepath.Join
	return []edit{
		{"create", func(d string) error { return os.WriteFile(at(d, "f"), []byte("12345"), 0o644) }, []string{"CREATE f", "CLOSE_WRITE f 5"}},
		{"append", func(d string) error {
			f, err := os.OpenFile(at(d, "f"), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("67")
				_ = f.Close()
			}
			return err
		}, []string{"MODIFY f", "CLOSE_WRITE f 7"}},
		{"rewrite", func(d string) error { return os.WriteFile(at(d, "f"), []byte("123"), 0o644) }, []string{"MODIFY f", "CLOSE_WRITE f 3"}},
		{"chmod", func(d string) error { return os.Chmod(at(d, "f"), 0o600) }, []string{"ATTRIB f"}},
		{"rename", func(d string) error { return os.Rename(at(d, "f"), at(d, "g")) }, []string{"MOVED_FROM f", "MOVED_TO g"}},
		{"write beside and rename over", func(d string) error {
			if err := os.WriteFile(at(d, "g~"), []byte("1234"), 0o644); err != nil {
				return err
			}
			return os.Rename(at(d, "g~"), at(d, "g"))
		}, []string{"MOVED_TO g 4"}},
		{"delete", func(d string) error { return os.Remove(at(d, "g")) }, []string{"DELETE g"}},
		{"mkdir", func(d string) error { return os.Mkdir(at(d, "sub"), 0o755) }, []string{"CREATE|ISDIR sub"}},
		{"rename a folder", func(d string) error { return os.Rename(at(d, "sub"), at(d, "bus")) }, []string{"MOVED_FROM|ISDIR sub", "MOVED_TO|ISDIR bus"}},
		{"rmdir", func(d string) error { return os.Remove(at(d, "bus")) }, []string{"DELETE|ISDIR bus"}},
		{"symlink", func(d string) error { return os.Symlink("to", at(d, "l")) }, []string{"CREATE l"}},
		{"unlink", func(d string) error { return os.Remove(at(d, "l")) }, []string{"DELETE l"}},
	}
}

// events: what the host does is seen by inotify in a container, as what it is, and what is read then is the new.
func (s *sharing) events() {
	dir := s.folder("events")
	k := s.talk(8*time.Minute, "-v", dir+":/m", "share", "sharer", "watch", "/m")
	k.until("ready")
	for _, e := range edits() {
		begun := time.Now()
		if err := e.do(dir); err != nil {
			s.t.Fatalf("%s: %v", e.name, err)
		}
		if said, ok := s.sees(k.lines, "/m/", e.want); !ok {
			s.t.Errorf("%s: want %q, got %q", e.name, e.want, said)
		} else {
			s.t.Logf("%s: %v, %q", e.name, time.Since(begun).Round(time.Millisecond), said)
		}
	}
}

// sees waits for events of files in dir, and says which came meanwhile.
func (s *sharing) sees(lines <-chan string, dir string, want []string) (said []string, ok bool) {
	limit := time.After(time.Minute)
	for len(want) > 0 {
		select {
		case l, open := <-lines:
			if !open {
				return said, false
			}
			l = strings.Replace(l, dir, "", 1)
			said = append(said, l)
			if l == want[0] || strings.HasPrefix(l, want[0]+" ") {
				want = want[1:]
			}
		case <-limit:
			return said, false
		}
	}
	return said, true
}

// hostEvents: what a container does is seen by the host's watchers.
func (s *sharing) hostEvents() {
	dir := s.folder("host events")
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		s.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "inotify")
	defer f.Close()
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_CLOSE_WRITE|unix.IN_MOVE|unix.IN_DELETE|unix.IN_ATTRIB); err != nil {
		s.t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for buf := make([]byte, 64<<10); ; {
			n, err := f.Read(buf)
			if err != nil {
				return
			}
			for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
				mask := uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24
				length := int(b[12])
				for bit, name := range map[uint32]string{
					unix.IN_CREATE: "CREATE", unix.IN_CLOSE_WRITE: "CLOSE_WRITE", unix.IN_ATTRIB: "ATTRIB",
					unix.IN_MOVED_FROM: "MOVED_FROM", unix.IN_MOVED_TO: "MOVED_TO", unix.IN_DELETE: "DELETE",
				} {
					if mask&bit != 0 {
						lines <- fmt.Sprint(name, " ", strings.TrimRight(string(b[16:16+length]), "\x00"))
					}
				}
				b = b[16+length:]
			}
		}
	}()
	s.shell(dir, "echo x > f; chmod 600 f; mv f g; rm g; mkdir d; rmdir d")
	want := []string{"CREATE f", "CLOSE_WRITE f", "ATTRIB f", "MOVED_FROM f", "MOVED_TO g", "DELETE g", "CREATE d", "DELETE d"}
	if said, ok := s.sees(lines, "", want); !ok {
		s.t.Errorf("want %q, got %q", want, said)
	}
}
