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
	bytes int
	idle  chan struct{} // closed when there are none
	errno syscall.Errno // of one that failed, until it is told
}

func (w *writes) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count > 0
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
	done := uint32(0)
	for len(data) > 0 {
		part := data[:min(len(data), wire.MaxData)]
		r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpWrite, Off: in.Offset + uint64(done), Data: part}, n, nil)
		if errno != 0 {
			return done, status(errno)
		}
		done += uint32(r.Count)
		if r.Count == 0 {
			break
		}
		data = data[min(int(r.Count), len(data)):]
	}
	return done, fuse.OK
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
	_, errno := f.client.call(cancel, &wire.Request{Op: wire.OpFsync, Flags: in.FsyncFlags & 1}, n, nil)
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
