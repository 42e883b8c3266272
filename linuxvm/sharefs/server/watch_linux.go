package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// inotify is the watcher of Linux.
type inotify struct{ fd, wake int }

var _ watcher = (*inotify)(nil)

func newWatcher() (watcher, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &inotify{fd: fd, wake: wake}, nil
}

func (w *inotify) close() {
	unix.Close(w.fd)
	unix.Close(w.wake)
}

const inotifyMask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_MODIFY | unix.IN_CLOSE_WRITE |
	unix.IN_ATTRIB | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK

func (w *inotify) add(f folder) (int, error) {
	return unix.InotifyAddWatch(w.fd, f.(*fdFolder).path, inotifyMask)
}

func (w *inotify) remove(watch int) { _, _ = unix.InotifyRmWatch(w.fd, uint32(watch)) }

// pairWait is how long the second half of a move is waited for, in ms; they come together.
const pairWait = 3

func (w *inotify) run(ctx context.Context, f func([]change)) error {
	stop := context.AfterFunc(ctx, func() { _, _ = unix.Write(w.wake, binary.NativeEndian.AppendUint64(nil, 1)) })
	defer stop()
	buf := make([]byte, 256<<10)
	var from *moved
	for {
		timeout := -1
		if from != nil {
			timeout = pairWait
		}
		fds := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}, {Fd: int32(w.wake), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, timeout); err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := unix.Read(w.fd, buf)
		var list []change
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			list, from = from.alone(nil), nil
		case err != nil:
			return os.NewSyscallError("read inotify", err)
		default:
			if list, from, err = parse(buf[:n], from); err != nil {
				return err
			}
		}
		if len(list) > 0 {
			f(list)
		}
	}
}

// moved is the first half of a move.
type moved struct {
	change
	cookie uint32
}

// alone adds a first half whose second one was not seen.
func (m *moved) alone(list []change) []change {
	if m == nil {
		return list
	}
	return append(list, m.change)
}

// parse reads what inotify says. from is the first half of a move that the last reading ended with, and the next does.
func parse(b []byte, from *moved) ([]change, *moved, error) {
	var list []change
	for len(b) >= unix.SizeofInotifyEvent {
		ne := binary.NativeEndian
		wd, mask, cookie, n := int(int32(ne.Uint32(b))), ne.Uint32(b[4:]), ne.Uint32(b[8:]), int(ne.Uint32(b[12:]))
		b = b[unix.SizeofInotifyEvent:]
		if n > len(b) {
			return list, from, fmt.Errorf("event of inotify has %d bytes more than there are", n-len(b))
		}
		c := change{watch: wd, name: string(bytes.TrimRight(b[:n], "\x00")), isDir: mask&unix.IN_ISDIR != 0}
		b = b[n:]
		if mask&unix.IN_MOVED_TO != 0 && from != nil && from.cookie == cookie {
			from.kind, from.to, from.toName = wire.Moved, wd, c.name
			list, from = append(list, from.change), nil
			continue
		}
		list, from = from.alone(list), nil
		if c.kind = kindOf(mask); c.kind == 0 || c.kind < lost && c.name == "" && c.kind != wire.Attrib {
			continue
		}
		if c.kind == wire.MovedOut {
			from = &moved{c, cookie}
			continue
		}
		if last := len(list) - 1; last >= 0 && c.kind == wire.Modified && list[last] == c {
			continue
		}
		list = append(list, c)
	}
	return list, from, nil
}

func kindOf(mask uint32) wire.Kind {
	for _, k := range [...]struct {
		bit  uint32
		kind wire.Kind
	}{
		{unix.IN_Q_OVERFLOW, lost},
		{unix.IN_IGNORED, ended},
		{unix.IN_CREATE, wire.Created},
		{unix.IN_DELETE, wire.Deleted},
		{unix.IN_MOVED_FROM, wire.MovedOut},
		{unix.IN_MOVED_TO, wire.MovedIn},
		{unix.IN_MODIFY, wire.Modified},
		{unix.IN_CLOSE_WRITE, wire.Closed},
		{unix.IN_ATTRIB, wire.Attrib},
	} {
		if mask&k.bit != 0 {
			return k.kind
		}
	}
	return 0
}
