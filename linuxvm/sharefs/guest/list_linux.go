package guest

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// listing is a folder as it was at one time, while it is read.
type listing struct {
	entries []wire.DirEntry
	since   uint64 // when it was asked for, as seq counts
}

// fetch gets a whole folder from the host.
func (f *filesystem) fetch(cancel <-chan struct{}, n *node) (*listing, syscall.Errno) {
	l := &listing{since: f.client.seq.Load()}
	for off := uint64(0); ; {
		r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpReadDir, Off: off}, n, nil)
		if errno != 0 {
			return nil, errno
		}
		list, err := wire.ParseDirEntries(r.Data)
		if err != nil {
			return nil, syscall.EIO
		}
		l.entries = append(l.entries, list...)
		if r.Count <= off {
			return l, 0
		}
		off = r.Count
	}
}

// list is the listing that a reading of a folder goes on with.
func (f *filesystem) list(cancel <-chan struct{}, n *node, off uint64) (*listing, syscall.Errno) {
	f.mu.Lock()
	l := f.lists[n.id]
	f.mu.Unlock()
	if off > 0 && l != nil {
		return l, 0
	}
	l, errno := f.fetch(cancel, n)
	if errno != 0 {
		return nil, errno
	}
	f.mu.Lock()
	f.lists[n.id] = l
	f.mu.Unlock()
	return l, 0
}

// The first entries of each folder.
const (
	dot = iota
	dotDot
	firstEntry
)

// ReadDirPlus implements fuse.RawFileSystem.
func (f *filesystem) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.readDir(cancel, in, func(n *node, e *wire.DirEntry, since uint64, d fuse.DirEntry) bool {
		slot := out.AddDirLookupEntry(d)
		if slot == nil {
			return false
		}
		if e != nil && f.current(e, since) {
			f.enter(n, e.Name, &e.Entry, since, slot)
		}
		return true
	})
}

// ReadDir implements fuse.RawFileSystem.
func (f *filesystem) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.readDir(cancel, in, func(_ *node, _ *wire.DirEntry, _ uint64, d fuse.DirEntry) bool { return out.AddDirEntry(d) })
}

// readDir gives entries of a folder to add until that has no more room.
func (f *filesystem) readDir(cancel <-chan struct{}, in *fuse.ReadIn, add func(*node, *wire.DirEntry, uint64, fuse.DirEntry) bool) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	l, errno := f.list(cancel, n, in.Offset)
	if errno != 0 {
		return status(errno)
	}
	f.mu.Lock()
	self := n.attr.Ino
	f.mu.Unlock()
	for at := in.Offset; at < firstEntry+uint64(len(l.entries)); at++ {
		d := fuse.DirEntry{Off: at + 1, Mode: syscall.S_IFDIR, Ino: self}
		var e *wire.DirEntry
		switch at {
		case dot:
			d.Name = "."
		case dotDot:
			d.Name = ".."
		default:
			e = &l.entries[at-firstEntry]
			d.Name, d.Mode, d.Ino = e.Name, e.Entry.Attr.Mode, f.ino(&e.Entry.Attr)
		}
		if !add(n, e, l.since, d) {
			break
		}
	}
	return fuse.OK
}

// current says whether what a listing says of a file still holds for sure. Of other files the kernel is told the name only.
func (f *filesystem) current(e *wire.DirEntry, since uint64) bool {
	if f.client.told.Load() > since {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.bySID[e.Entry.Node]
	return n == nil || n.changed <= since && !n.writes.busy()
}
