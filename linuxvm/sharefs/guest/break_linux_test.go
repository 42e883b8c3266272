package guest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/sharefs/server"
)

// restart replaces the host's side, as a daemon does that was killed and started again.
func (l *loop) restart(t testing.TB) {
	t.Helper()
	l.server = server.New(server.Config{})
	if err := l.server.SetShares([]server.Share{{HostPath: l.host, GuestPath: l.mounted}}); err != nil {
		t.Fatal(err)
	}
	l.cut = l.connect(t)
}

// block is content that says where it belongs.
func block(i int) []byte { return bytes.Repeat([]byte(fmt.Sprintf("%07d\n", i)), 4096) }

// TestWritesSurviveBreaks cuts the link and kills the host's side again and again while a file is written: what fsync has
// acknowledged is on the host, and nothing fails.
func TestWritesSurviveBreaks(t *testing.T) {
	l := startLoop(t)
	f, err := os.Create(filepath.Join(l.mounted, "big"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const blocks, breakEvery, syncEvery = 400, 40, 25
	for i := range blocks {
		if i%breakEvery == breakEvery/2 {
			l.cut()
			if i/breakEvery%2 == 0 {
				l.cut = l.connect(t)
			} else {
				l.restart(t)
			}
		}
		if _, err := f.WriteAt(block(i), int64(i*len(block(0)))); err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		if i%syncEvery != 0 {
			continue
		}
		if err := f.Sync(); err != nil {
			t.Fatalf("sync after block %d: %v", i, err)
		}
		host, err := os.ReadFile(filepath.Join(l.host, "big"))
		if err != nil {
			t.Fatal(err)
		}
		for j := range i + 1 {
			if n := len(block(0)); !bytes.Equal(host[j*n:(j+1)*n], block(j)) {
				t.Fatalf("block %d of %d is not on the host after a sync", j, i)
			}
		}
	}
}

// TestOpenFilesSurviveTheDaemon reads and writes files that were open when the host's side was replaced.
func TestOpenFilesSurviveTheDaemon(t *testing.T) {
	l := startLoop(t)
	write(t, filepath.Join(l.host, "a/b/c"), block(1))
	f, err := os.OpenFile(filepath.Join(l.mounted, "a/b/c"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l.cut()
	if err := os.Chmod(filepath.Join(l.host, "a/b/c"), 0o640); err != nil { // unseen
		t.Fatal(err)
	}
	l.restart(t)
	if _, err := f.WriteAt([]byte("after"), 10); err != nil {
		t.Error(err)
	}
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
	want := append(append(block(1)[:10:10], "after"...), block(1)[15:]...)
	if got := read(t, filepath.Join(l.host, "a/b/c")); !bytes.Equal(got, want) {
		t.Error("the host does not have what was written")
	}
	if got := read(t, filepath.Join(l.mounted, "a/b/c")); !bytes.Equal(got, want) {
		t.Error("the guest does not have what was written")
	}
	if st, err := f.Stat(); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("what changed while nobody watched: %v, %v", st, err)
	}
}

// TestNamesAreMadeOnce makes and removes files while the link breaks: each of it happens, and only once.
func TestNamesAreMadeOnce(t *testing.T) {
	l := startLoop(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				l.cut()
				l.cut = l.connect(t)
			}
		}
	})
	for i := range 200 {
		dir := filepath.Join(l.mounted, fmt.Sprint(i))
		err := errors.Join(
			os.Mkdir(dir, 0o755), os.Symlink("x", dir+"/link"), os.WriteFile(dir+"/f", []byte("x"), 0o644),
			os.Rename(dir+"/f", dir+"/g"), os.Link(dir+"/g", dir+"/h"), os.Remove(dir+"/g"),
			os.Remove(dir+"/h"), os.Remove(dir+"/link"), os.Remove(dir),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
}

// TestPatienceEnds waits for a host that stays away, for as long as the guest does.
func TestPatienceEnds(t *testing.T) {
	l := startLoop(t)
	write(t, filepath.Join(l.host, "f"), []byte("x"))
	l.cut()
	if _, err := os.Stat(filepath.Join(l.mounted, "f")); !errors.Is(err, syscall.EIO) {
		t.Errorf("a host that is away: %v, not EIO", err)
	}
	l.cut = l.connect(t)
	for end := time.Now().Add(deadline); ; {
		if got, err := os.ReadFile(filepath.Join(l.mounted, "f")); err == nil {
			if string(got) != "x" {
				t.Errorf("read %q", got)
			}
			return
		} else if time.Now().After(end) {
			t.Fatalf("the host is back: %v", err)
		}
	}
}
