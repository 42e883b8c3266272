package guest_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/sharefs/guest"
	"github.com/wherry-app/wherry/linuxvm/sharefs/server"
)

// loop is a host and a guest in one process, with real mounts on this machine.
type loop struct {
	server *server.Server
	client *guest.Client
	// host is the shared folder, mounted where the guest sees it.
	host, mounted string
	cut           func() // ends the newest connection
}

// deadline is for what takes milliseconds on an idle machine.
const deadline = 30 * time.Second

// startLoop shares a new folder with the guest side in this process.
func startLoop(t testing.TB) *loop {
	t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skipf("no FUSE on this machine: %v", err)
	} else {
		f.Close()
	}
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	l := &loop{host: t.TempDir(), mounted: filepath.Join(t.TempDir(), "mnt")}
	l.server = server.New(server.Config{})
	if err := l.server.SetShares([]server.Share{{HostPath: l.host, GuestPath: l.mounted}}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l.client = guest.New(guest.Config{Dir: dir, Patience: 5 * time.Second})
	l.cut = l.connect(t)
	ctx, stop := context.WithCancel(context.Background())
	watching := make(chan error, 1)
	go func() { watching <- l.server.KeepWatching(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-watching; err != nil {
			t.Error(err)
		}
		if err := l.server.SetShares(nil); err != nil {
			t.Error(err)
		}
		// The link may be cut: then nobody was told.
		_ = unix.Unmount(l.mounted, unix.MNT_DETACH)
		mounts, _ := filepath.Glob(dir + "/*")
		for _, m := range mounts {
			_ = unix.Unmount(m, unix.MNT_DETACH)
		}
	})
	limit, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if err := l.server.Mounted(limit, l.mounted); err != nil {
		t.Fatalf("mount: %v", err)
	}
	return l
}

// connect joins host and guest until the test ends, or until cut is called.
func (l *loop) connect(t testing.TB) (cut func()) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "link")
		if ends[i], err = net.FileConn(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	a, b := ends[0], ends[1]
	done := make(chan struct{}, 2)
	s := l.server
	go func() { _ = s.Serve(context.Background(), a); done <- struct{}{} }()
	go func() { _ = l.client.Serve(context.Background(), b); done <- struct{}{} }()
	cut = func() { a.Close(); b.Close() }
	t.Cleanup(func() { cut(); <-done; <-done })
	return cut
}

func TestBothSidesSeeTheSameFiles(t *testing.T) {
	l := startLoop(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 300<<10)
	write(t, filepath.Join(l.host, "a/b/host"), big)
	if got := read(t, filepath.Join(l.mounted, "a/b/host")); !bytes.Equal(got, big) {
		t.Errorf("guest reads %d other bytes", len(got))
	}
	write(t, filepath.Join(l.mounted, "c/d/guest"), big)
	l.client.Barrier(deadline) // what was written may be on its way
	if got := read(t, filepath.Join(l.host, "c/d/guest")); !bytes.Equal(got, big) {
		t.Errorf("host reads %d other bytes", len(got))
	}
	names, err := os.ReadDir(l.mounted)
	if err != nil || len(names) != 2 {
		t.Errorf("guest lists %v, %v", names, err)
	}
	if err := os.Rename(filepath.Join(l.mounted, "c/d"), filepath.Join(l.mounted, "a/e")); err != nil {
		t.Error(err)
	}
	if got := read(t, filepath.Join(l.host, "a/e/guest")); !bytes.Equal(got, big) {
		t.Errorf("host reads %d other bytes", len(got))
	}
	if err := os.RemoveAll(filepath.Join(l.mounted, "a")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(l.host, "a")); !os.IsNotExist(err) {
		t.Errorf("host still has it: %v", err)
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
