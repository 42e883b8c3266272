package guest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inotify collects the events of one folder as "MASK name" lines.
type inotify struct {
	fd   int
	seen []string
	all  map[string]int // how often each came
}

func watchFolder(t *testing.T, dir string, mask uint32) *inotify {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if _, err := unix.InotifyAddWatch(fd, dir, mask); err != nil {
		t.Fatal(err)
	}
	return &inotify{fd: fd, all: map[string]int{}}
}

const allEvents = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_ATTRIB

// await reads events until one is want.
func (w *inotify) await(t *testing.T, want string) {
	t.Helper()
	end := time.Now().Add(deadline)
	buf := make([]byte, 64<<10)
	for time.Now().Before(end) {
		for i, s := range w.seen {
			if s == want {
				w.seen = w.seen[i+1:]
				return
			}
		}
		fds := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}
		_, _ = unix.Poll(fds, 100)
		n, err := unix.Read(w.fd, buf)
		if err != nil {
			continue
		}
		w.take(buf[:n])
	}
	t.Fatalf("no event %q; there were %q", want, w.seen)
}

func (w *inotify) take(b []byte) {
	for len(b) >= unix.SizeofInotifyEvent {
		e := (*unix.InotifyEvent)(unsafe.Pointer(&b[0]))
		name := strings.TrimRight(string(b[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+e.Len]), "\x00")
		b = b[unix.SizeofInotifyEvent+e.Len:]
		for bit, word := range map[uint32]string{
			unix.IN_CREATE: "CREATE", unix.IN_DELETE: "DELETE", unix.IN_MOVED_FROM: "MOVED_FROM", unix.IN_MOVED_TO: "MOVED_TO",
			unix.IN_MODIFY: "MODIFY", unix.IN_CLOSE_WRITE: "CLOSE_WRITE", unix.IN_ATTRIB: "ATTRIB", unix.IN_Q_OVERFLOW: "OVERFLOW",
		} {
			if e.Mask&bit != 0 {
				if e.Mask&unix.IN_ISDIR != 0 {
					word += ",ISDIR"
				}
				w.seen = append(w.seen, word+" "+name)
				w.all[word+" "+name]++
			}
		}
	}
}

func TestHostsEditsAreTrueEvents(t *testing.T) {
	l := startLoop(t)
	write(t, filepath.Join(l.host, "d/old"), []byte("old"))
	write(t, filepath.Join(l.host, "d/touched"), []byte("x"))
	write(t, filepath.Join(l.host, "e/elsewhere"), []byte("y"))
	w := watchFolder(t, filepath.Join(l.mounted, "d"), allEvents) // and nobody looks into it
	host := func(name string) string { return filepath.Join(l.host, "d", name) }
	guest := func(name string) string { return filepath.Join(l.mounted, "d", name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(host("new"), []byte("new"), 0o644))
	w.await(t, "CREATE new")
	w.await(t, "CLOSE_WRITE new")
	if got := read(t, guest("new")); string(got) != "new" {
		t.Errorf("new: %q", got)
	}
	if got := read(t, guest("old")); string(got) != "old" {
		t.Errorf("old: %q", got)
	}
	must(os.WriteFile(host("old"), []byte("new content"), 0o644))
	w.await(t, "MODIFY old")
	w.await(t, "CLOSE_WRITE old")
	if got := read(t, guest("old")); string(got) != "new content" {
		t.Errorf("old: %q", got)
	}
	must(os.Chmod(host("touched"), 0o600))
	w.await(t, "ATTRIB touched")
	if st, err := os.Stat(guest("touched")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("touched: %v, %v", st, err)
	}
	must(os.Rename(host("new"), host("renamed")))
	w.await(t, "MOVED_FROM new")
	w.await(t, "MOVED_TO renamed")
	if got := read(t, guest("renamed")); string(got) != "new" {
		t.Errorf("renamed: %q", got)
	}
	// As editors save: write a new file and move it over the old one.
	must(os.WriteFile(host("old.tmp"), []byte("saved"), 0o644))
	must(os.Rename(host("old.tmp"), host("old")))
	w.await(t, "MOVED_TO old")
	if got := read(t, guest("old")); string(got) != "saved" {
		t.Errorf("old: %q", got)
	}
	must(os.Remove(host("renamed")))
	w.await(t, "DELETE renamed")
	if _, err := os.Stat(guest("renamed")); !os.IsNotExist(err) {
		t.Errorf("renamed: %v", err)
	}
	must(os.Mkdir(host("sub"), 0o755))
	w.await(t, "CREATE,ISDIR sub")
	must(os.Rename(filepath.Join(l.host, "e/elsewhere"), host("in")))
	w.await(t, "MOVED_TO in")
	if got := read(t, guest("in")); string(got) != "y" {
		t.Errorf("in: %q", got)
	}
	must(os.Rename(host("in"), filepath.Join(l.host, "e/out")))
	w.await(t, "MOVED_FROM in")
	must(os.Remove(host("sub")))
	w.await(t, "DELETE,ISDIR sub")
	names, err := os.ReadDir(filepath.Join(l.mounted, "d"))
	if err != nil || len(names) != 2 {
		t.Errorf("left: %v, %v", names, err)
	}
}

// TestRootIsWatched watches a share itself, and a folder in it that a listing was read of before.
func TestRootIsWatched(t *testing.T) {
	l := startLoop(t)
	if err := os.Mkdir(filepath.Join(l.host, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadDir(l.mounted); err != nil {
		t.Fatal(err)
	}
	root := watchFolder(t, l.mounted, allEvents)
	write(t, filepath.Join(l.host, "new"), nil)
	root.await(t, "CREATE new")
	d := watchFolder(t, filepath.Join(l.mounted, "d"), allEvents)
	write(t, filepath.Join(l.host, "d", "new"), nil)
	d.await(t, "CREATE new")
}

// TestGuestsEditsAreNoEventsTwice has the guest work, then the host, and sees each event of the guest's once.
func TestGuestsEditsAreNoEventsTwice(t *testing.T) {
	l := startLoop(t)
	dir := filepath.Join(l.mounted, "d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w := watchFolder(t, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVED_FROM|unix.IN_MOVED_TO|unix.IN_MODIFY)
	const n = 50
	for i := range n {
		path := filepath.Join(dir, fmt.Sprint(i))
		write(t, path, []byte("guest"))
		if err := os.Rename(path, path+"x"); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path+"x", 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path + "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(l.host, "d", "end"), []byte("host"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.await(t, "CREATE end")
	for i := range n {
		for _, event := range []string{"CREATE %d", "MODIFY %d", "MOVED_FROM %d", "MOVED_TO %dx", "DELETE %dx"} {
			if event := fmt.Sprintf(event, i); w.all[event] != 1 {
				t.Errorf("%d of event %q", w.all[event], event)
			}
		}
		for _, event := range []string{"CREATE %dx", "MODIFY %dx", "DELETE %d"} {
			if event := fmt.Sprintf(event, i); w.all[event] != 0 {
				t.Errorf("%d of event %q", w.all[event], event)
			}
		}
	}
}
