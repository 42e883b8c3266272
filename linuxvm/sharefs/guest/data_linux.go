package guest

import (
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// writes are a file's writes that the host has not answered yet.
type writes struct {
	mu    sync.Mutex
	count int
	idle  chan struct{} // closed when there are none; nil if nobody waits
	errno syscall.Errno // of one that failed, until it is told
}

func (w *writes) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count > 0
}

func (w *writes) add() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
}

func (w *writes) done(errno syscall.Errno) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count--
	if errno != 0 {
		w.errno = errno
	}
	if w.count == 0 && w.idle != nil {
		close(w.idle)
		w.idle = nil
	}
}

// wait returns when the host has answered all writes, with the error of one that failed, which is told once.
func (w *writes) wait() syscall.Errno {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.count > 0 {
		if w.idle == nil {
			w.idle = make(chan struct{})
		}
		idle := w.idle
		w.mu.Unlock()
		<-idle
		w.mu.Lock()
	}
	return w.failed()
}

// failed is the error of a write that failed since it was asked last. It is called under mu.
func (w *writes) failed() syscall.Errno {
	errno := w.errno
	w.errno = 0
	return errno
}

// Open implements fuse.RawFileSystem: the kernel opens files itself.
func (f *filesystem) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status {
	return fuse.ENOSYS
}

// OpenDir implements fuse.RawFileSystem: the kernel opens folders itself, and keeps their listings.
func (f *filesystem) OpenDir(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status {
	return fuse.ENOSYS
}

// Flush implements fuse.RawFileSystem: nothing is left to do when a file is closed.
func (f *filesystem) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

// Create implements fuse.RawFileSystem: the kernel makes a file and opens it in two steps.
func (f *filesystem) Create(<-chan struct{}, *fuse.CreateIn, string, *fuse.CreateOut) fuse.Status {
	return fuse.ENOSYS
}

// Read implements fuse.RawFileSystem.
func (f *filesystem) Read(cancel <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	n := f.node(in.NodeId)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpRead, Off: in.Offset, Size: uint64(in.Size)}, n, nil)
	if errno != 0 {
		return nil, status(errno)
	}
	return fuse.ReadResultData(r.Data), fuse.OK
}

// Write implements fuse.RawFileSystem.
func (f *filesystem) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	n := f.node(in.NodeId)
	if n == nil {
		return 0, fuse.Status(syscall.ESTALE)
	}
	if in.WriteFlags&fuse.WRITE_KILL_SUIDGID != 0 {
		if errno := f.dropSetID(cancel, n); errno != 0 {
			return 0, status(errno)
		}
	}
	n.writes.mu.Lock()
	errno := n.writes.failed()
	n.writes.mu.Unlock()
	if errno != 0 {
		return 0, status(errno)
	}
	for rest := data; len(rest) > 0; rest = rest[min(len(rest), wire.MaxData):] {
		f.send(n, in.Offset+uint64(len(data)-len(rest)), rest[:min(len(rest), wire.MaxData)])
	}
	if f.tight.Load() {
		if errno := n.writes.wait(); errno != 0 {
			return 0, status(errno)
		}
	}
	return uint32(len(data)), fuse.OK
}

// send begins a write. Its error is told by the next call that writes or syncs the file.
func (f *filesystem) send(n *node, off uint64, data []byte) {
	f.client.writing.take(len(data))
	n.writes.add()
	f.touch(n)
	q := wire.Request{Op: wire.OpWrite, Off: off, Data: append([]byte(nil), data...)}
	f.client.begin(&q, n, nil, func(k *call) {
		errno := k.errno
		if errno == 0 && k.reply.Count < uint64(len(q.Data)) {
			errno = syscall.EIO
		}
		if errno == 0 {
			since := f.client.seq.Load()
			f.tight.Store(k.reply.Entry.Attr.Flags&wire.Tight != 0)
			f.touch(n)
			k.reply.Entry.Attr.Flags &^= wire.Tight
			if f.client.told.Load() <= since {
				f.update(n, &k.reply.Entry.Attr, f.client.seq.Load())
			}
		} else {
			f.touch(n)
		}
		n.writes.done(errno)
		f.client.writing.give(len(q.Data))
	})
}

// dropSetID takes from a file that somebody writes to what would make it a program with more rights.
func (f *filesystem) dropSetID(cancel <-chan struct{}, n *node) syscall.Errno {
	f.mu.Lock()
	mode := n.attr.Mode
	f.mu.Unlock()
	drop := mode & syscall.S_ISUID
	if mode&0o010 != 0 {
		drop |= mode & syscall.S_ISGID
	}
	if drop == 0 {
		return 0
	}
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpSetAttr, Flags: wire.SetMode, Mode: mode &^ drop}, n, nil)
	if errno == 0 {
		f.mu.Lock()
		n.attr = r.Entry.Attr
		f.mu.Unlock()
		f.server.InodeNotify(n.id, -1, 0)
	}
	return errno
}

// Fsync implements fuse.RawFileSystem.
func (f *filesystem) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	failed := n.writes.wait()
	_, errno := f.client.call(cancel, &wire.Request{Op: wire.OpFsync, Flags: in.FsyncFlags & 1}, n, nil)
	if failed != 0 {
		errno = failed
	}
	return status(errno)
}

// FsyncDir implements fuse.RawFileSystem.
func (f *filesystem) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return f.Fsync(cancel, in)
}

// Fallocate implements fuse.RawFileSystem.
func (f *filesystem) Fallocate(cancel <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	f.touch(n)
	defer f.touch(n)
	_, errno := f.client.call(cancel, &wire.Request{Op: wire.OpFallocate, Off: in.Offset, Size: in.Length, Mode: in.Mode}, n, nil)
	return status(errno)
}

// Lseek implements fuse.RawFileSystem.
func (f *filesystem) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpSeek, Off: in.Offset, Flags: in.Whence}, n, nil)
	out.Offset = r.Count
	return status(errno)
}

// GetXAttr implements fuse.RawFileSystem.
func (f *filesystem) GetXAttr(cancel <-chan struct{}, h *fuse.InHeader, attr string, dest []byte) (uint32, fuse.Status) {
	if !userAttr(attr) {
		return 0, fuse.ENOATTR
	}
	return f.xattr(cancel, h, &wire.Request{Op: wire.OpGetXattr, Name: attr}, dest)
}

// ListXAttr implements fuse.RawFileSystem.
func (f *filesystem) ListXAttr(cancel <-chan struct{}, h *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	return f.xattr(cancel, h, &wire.Request{Op: wire.OpListXattr}, dest)
}

func (f *filesystem) xattr(cancel <-chan struct{}, h *fuse.InHeader, q *wire.Request, dest []byte) (uint32, fuse.Status) {
	n := f.node(h.NodeId)
	if n == nil {
		return 0, fuse.Status(syscall.ESTALE)
	}
	r, errno := f.client.call(cancel, q, n, nil)
	if errno != 0 {
		return 0, status(errno)
	}
	if len(dest) < len(r.Data) {
		return uint32(len(r.Data)), fuse.ERANGE
	}
	return uint32(copy(dest, r.Data)), fuse.OK
}

// SetXAttr implements fuse.RawFileSystem.
func (f *filesystem) SetXAttr(cancel <-chan struct{}, in *fuse.SetXAttrIn, attr string, data []byte) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if !userAttr(attr) {
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	_, errno := f.client.call(cancel, &wire.Request{Op: wire.OpSetXattr, Name: attr, Flags: in.Flags, Data: data}, n, nil)
	return status(errno)
}

// RemoveXAttr implements fuse.RawFileSystem.
func (f *filesystem) RemoveXAttr(cancel <-chan struct{}, h *fuse.InHeader, attr string) fuse.Status {
	n := f.node(h.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if !userAttr(attr) {
		return fuse.ENOATTR
	}
	_, errno := f.client.call(cancel, &wire.Request{Op: wire.OpRemoveXattr, Name: attr}, n, nil)
	return status(errno)
}

// userAttr says whether the host holds such an extended attribute.
func userAttr(name string) bool { return len(name) > 5 && name[:5] == "user." }
