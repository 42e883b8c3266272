package guest

import (
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

const (
	// kept is how long the kernel may keep what the host watches, shortly what it does not.
	kept    = time.Hour
	shortly = 500 * time.Millisecond
)

// attrValidity is the time for which the kernel may keep attributes, nameValidity that for a name.
func attrValidity(a *wire.Attr) time.Duration {
	if a.Flags&wire.Keep != 0 {
		return kept
	}
	return shortly
}

func nameValidity(a *wire.Attr) time.Duration {
	switch {
	case a.Flags&wire.KeepName != 0:
		return kept
	case a.Mode&syscall.S_IFMT == syscall.S_IFDIR: // the host watches it once it was looked up
		return 0
	}
	return shortly
}

// put writes attributes as the kernel wants them.
func (f *filesystem) put(a *wire.Attr, out *fuse.Attr) {
	*out = fuse.Attr{Ino: f.ino(a), Size: a.Size, Blocks: a.Blocks, Mode: a.Mode, Nlink: a.Nlink, Rdev: a.Rdev}
	out.Uid, out.Gid = a.UID, a.GID
	split := func(ns int64) (uint64, uint32) {
		sec, rest := ns/1e9, ns%1e9
		if rest < 0 {
			sec, rest = sec-1, rest+1e9
		}
		return uint64(sec), uint32(rest)
	}
	out.Atime, out.Atimensec = split(a.ATime)
	out.Mtime, out.Mtimensec = split(a.MTime)
	out.Ctime, out.Ctimensec = split(a.CTime)
}

// ino is the number of a file that programs in the guest see: the host's, made different for filesystems that the host has
// mounted below the share.
func (f *filesystem) ino(a *wire.Attr) uint64 {
	if a.Dev == f.dev.Load() {
		return a.Ino
	}
	return a.Ino ^ a.Dev<<40 ^ 1<<63
}

// enter makes an entry of the host's the answer to the kernel.
func (f *filesystem) enter(parent *node, name string, e *wire.Entry, since uint64, out *fuse.EntryOut) {
	n := f.know(parent, name, e, since)
	out.NodeId, out.Generation = n.id, 1
	f.put(&e.Attr, &out.Attr)
	out.SetEntryTimeout(nameValidity(&e.Attr))
	out.SetAttrTimeout(attrValidity(&e.Attr))
}

// know learns an entry, and has the kernel drop what it holds of the file if that is wrong and the host did not watch.
func (f *filesystem) know(parent *node, name string, e *wire.Entry, since uint64) *node {
	f.mu.Lock()
	var old wire.Attr
	if had := f.bySID[e.Node]; had != nil {
		old = had.attr
	}
	f.mu.Unlock()
	n := f.learn(parent, name, e, f.client.epochNow(), since)
	f.compare(n, &old, &e.Attr)
	return n
}

// compare drops the kernel's pages of a file that has changed unwatched.
func (f *filesystem) compare(n *node, old, now *wire.Attr) {
	if old.Mode != 0 && old.Flags&now.Flags&wire.Keep == 0 && (old.MTime != now.MTime || old.Size != now.Size) && !n.writes.busy() {
		f.server.InodeNotify(n.id, 0, 0)
	}
}

// epochNow is the epoch of the newest session.
func (c *Client) epochNow() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// status is an error number as go-fuse wants it.
func status(e syscall.Errno) fuse.Status { return fuse.Status(e) }

// Lookup implements fuse.RawFileSystem.
func (f *filesystem) Lookup(cancel <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	parent := f.node(h.NodeId)
	if parent == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if f.helper.is(h) {
		return f.helperLookup(cancel, parent, name, out)
	}
	if len(name) > wire.MaxName {
		return fuse.Status(syscall.ENAMETOOLONG)
	}
	return f.find(cancel, parent, name, out)
}

// find asks the host for a name.
func (f *filesystem) find(cancel <-chan struct{}, parent *node, name string, out *fuse.EntryOut) fuse.Status {
	if n := f.child(parent, name); n != nil && n.writes.busy() {
		n.awaitWrites() // else its size would be an old one
	}
	since := f.client.seq.Load()
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpLookup, Name: name}, parent, nil)
	if errno != 0 {
		return status(errno)
	}
	if r.Entry.Node == 0 {
		*out = fuse.EntryOut{}
		out.SetEntryTimeout(nameValidity(&r.Entry.Attr))
		if r.Entry.Attr.Flags&wire.KeepName == 0 {
			return fuse.ENOENT
		}
		return fuse.OK // of node 0: the kernel keeps that there is none
	}
	f.enter(parent, name, &r.Entry, since, out)
	return fuse.OK
}

// GetAttr implements fuse.RawFileSystem.
func (f *filesystem) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if n.phantom {
		f.put(&n.attr, &out.Attr)
		return fuse.OK
	}
	f.mu.Lock()
	a, fresh := n.attr, n.fresh
	f.mu.Unlock()
	if fresh && !n.writes.busy() {
		f.put(&a, &out.Attr)
		out.SetTimeout(attrValidity(&a))
		return fuse.OK
	}
	n.awaitWrites()
	since := f.client.seq.Load()
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpGetAttr}, n, nil)
	if errno != 0 {
		return status(errno)
	}
	f.putAttr(n, &r.Entry.Attr, since, out)
	return fuse.OK
}

// awaitWrites waits until the host has answered a file's writes; their errors are for others.
func (n *node) awaitWrites() {
	w := &n.writes
	if errno := w.wait(); errno != 0 {
		w.mu.Lock()
		w.errno = errno
		w.mu.Unlock()
	}
}

// putAttr answers with a node's attributes.
func (f *filesystem) putAttr(n *node, a *wire.Attr, since uint64, out *fuse.AttrOut) {
	f.mu.Lock()
	old := n.attr
	n.set(a, since)
	f.mu.Unlock()
	f.compare(n, &old, a)
	f.put(a, &out.Attr)
	out.SetTimeout(attrValidity(a))
}

// SetAttr implements fuse.RawFileSystem.
func (f *filesystem) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if f.helper.is(&in.InHeader) {
		return f.helperSetAttr(cancel, n, out)
	}
	q := wire.Request{Op: wire.OpSetAttr, Mode: in.Mode, UID: in.Owner.Uid, GID: in.Owner.Gid, Size: in.Size}
	for bit, flag := range map[uint32]uint32{
		fuse.FATTR_MODE: wire.SetMode, fuse.FATTR_UID: wire.SetUID, fuse.FATTR_GID: wire.SetGID, fuse.FATTR_SIZE: wire.SetSize,
		fuse.FATTR_ATIME: wire.SetATime, fuse.FATTR_MTIME: wire.SetMTime,
		fuse.FATTR_ATIME_NOW: wire.SetATimeNow, fuse.FATTR_MTIME_NOW: wire.SetMTimeNow,
	} {
		if in.Valid&bit != 0 {
			q.Flags |= flag
		}
	}
	q.ATime, q.MTime = int64(in.Atime)*1e9+int64(in.Atimensec), int64(in.Mtime)*1e9+int64(in.Mtimensec)
	if errno := f.mayChange(n, &in.InHeader, q.Flags); errno != 0 {
		return status(errno)
	}
	if in.Valid&fuse.FATTR_KILL_SUIDGID != 0 && q.Flags&wire.SetMode == 0 {
		if errno := f.dropSetID(cancel, n); errno != 0 {
			return status(errno)
		}
	}
	f.touch(n)
	r, errno := f.client.call(cancel, &q, n, nil)
	f.touch(n)
	if errno != 0 {
		return status(errno)
	}
	f.update(n, &r.Entry.Attr, f.client.seq.Load())
	f.put(&r.Entry.Attr, &out.Attr)
	out.SetTimeout(attrValidity(&r.Entry.Attr))
	return fuse.OK
}

// mayChange is what Linux allows to whom: the mode and the owner of a file that was given an owner are for that one and
// for root. Files that nobody was made the owner of are everybody's.
func (f *filesystem) mayChange(n *node, h *fuse.InHeader, flags uint32) syscall.Errno {
	f.mu.Lock()
	a := n.attr
	f.mu.Unlock()
	if h.Uid == 0 || a.Flags&wire.Owned == 0 {
		return 0
	}
	if flags&wire.SetUID != 0 || flags&(wire.SetMode|wire.SetGID) != 0 && h.Uid != a.UID {
		return syscall.EPERM
	}
	return 0
}

// Access implements fuse.RawFileSystem. Only who may execute is asked for in earnest: reading and writing is everybody's.
func (f *filesystem) Access(_ <-chan struct{}, in *fuse.AccessIn) fuse.Status {
	n := f.node(in.NodeId)
	if n == nil {
		return fuse.Status(syscall.ESTALE)
	}
	f.mu.Lock()
	a := n.attr
	f.mu.Unlock()
	if in.Mask&fuse.X_OK != 0 && a.Mode&syscall.S_IFMT == syscall.S_IFREG && a.Mode&0o111 == 0 {
		return fuse.EACCES
	}
	return fuse.OK
}

// Readlink implements fuse.RawFileSystem.
func (f *filesystem) Readlink(cancel <-chan struct{}, h *fuse.InHeader) ([]byte, fuse.Status) {
	n := f.node(h.NodeId)
	if n == nil {
		return nil, fuse.Status(syscall.ESTALE)
	}
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpReadlink}, n, nil)
	return r.Data, status(errno)
}

// make has the host make something in a folder.
func (f *filesystem) make(cancel <-chan struct{}, h *fuse.InHeader, q *wire.Request, out *fuse.EntryOut) fuse.Status {
	parent := f.node(h.NodeId)
	if parent == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if len(q.Name) > wire.MaxName {
		return fuse.Status(syscall.ENAMETOOLONG)
	}
	q.UID, q.GID = h.Uid, h.Gid
	f.mu.Lock()
	a := parent.attr
	f.mu.Unlock()
	if a.Mode&syscall.S_ISGID != 0 { // what is in such a folder has its group
		q.GID = a.GID
		if q.Op == wire.OpMkdir {
			q.Mode |= syscall.S_ISGID
		}
	}
	since := f.client.seq.Load()
	r, errno := f.client.call(cancel, q, parent, nil)
	f.touch(parent)
	if errno != 0 {
		return status(errno)
	}
	f.enter(parent, q.Name, &r.Entry, since, out)
	return fuse.OK
}

// Mknod implements fuse.RawFileSystem.
func (f *filesystem) Mknod(cancel <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	if f.helper.is(&in.InHeader) {
		return f.helperMake(cancel, in.NodeId, name, out)
	}
	return f.make(cancel, &in.InHeader, &wire.Request{Op: wire.OpMknod, Name: name, Mode: in.Mode, Rdev: in.Rdev}, out)
}

// Mkdir implements fuse.RawFileSystem.
func (f *filesystem) Mkdir(cancel <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	if f.helper.is(&in.InHeader) {
		return f.helperMake(cancel, in.NodeId, name, out)
	}
	return f.make(cancel, &in.InHeader, &wire.Request{Op: wire.OpMkdir, Name: name, Mode: in.Mode}, out)
}

// Symlink implements fuse.RawFileSystem.
func (f *filesystem) Symlink(cancel <-chan struct{}, h *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	if f.helper.is(h) {
		return f.helperMake(cancel, h.NodeId, name, out)
	}
	return f.make(cancel, h, &wire.Request{Op: wire.OpSymlink, Name: name, Data: []byte(target)}, out)
}

// Link implements fuse.RawFileSystem.
func (f *filesystem) Link(cancel <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	parent, old := f.node(in.NodeId), f.node(in.Oldnodeid)
	if parent == nil || old == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if len(name) > wire.MaxName {
		return fuse.Status(syscall.ENAMETOOLONG)
	}
	old.awaitWrites()
	f.touch(old)
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpLink, Name: name}, parent, old)
	f.touch(parent, old)
	since := f.client.seq.Load()
	if errno != 0 {
		return status(errno)
	}
	f.enter(parent, name, &r.Entry, since, out)
	return fuse.OK
}

// remove has the host remove a name.
func (f *filesystem) remove(cancel <-chan struct{}, h *fuse.InHeader, op wire.Op, name string) fuse.Status {
	parent := f.node(h.NodeId)
	if parent == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if f.helper.is(h) {
		return fuse.OK
	}
	_, errno := f.client.call(cancel, &wire.Request{Op: op, Name: name}, parent, nil)
	f.touch(parent, f.child(parent, name))
	return status(errno)
}

// Unlink implements fuse.RawFileSystem.
func (f *filesystem) Unlink(cancel <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	return f.remove(cancel, h, wire.OpUnlink, name)
}

// Rmdir implements fuse.RawFileSystem.
func (f *filesystem) Rmdir(cancel <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	return f.remove(cancel, h, wire.OpRmdir, name)
}

// Rename implements fuse.RawFileSystem.
func (f *filesystem) Rename(cancel <-chan struct{}, in *fuse.RenameIn, name, name2 string) fuse.Status {
	from, to := f.node(in.NodeId), f.node(in.Newdir)
	if from == nil || to == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if f.helper.is(&in.InHeader) {
		f.renamed(from, name, to, name2)
		return fuse.OK
	}
	if len(name2) > wire.MaxName {
		return fuse.Status(syscall.ENAMETOOLONG)
	}
	_, errno := f.client.call(cancel, &wire.Request{Op: wire.OpRename, Name: name, Name2: name2, Flags: in.Flags}, from, to)
	f.touch(from, to, f.child(from, name), f.child(to, name2))
	if errno == 0 {
		f.renamed(from, name, to, name2)
	}
	return status(errno)
}

// renamed notes where a node is now.
func (f *filesystem) renamed(from *node, name string, to *node, name2 string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.names[place{from, name}]; n != nil && n.parent == from && n.name == name {
		delete(f.names, place{from, name})
		n.parent, n.name = to, name2
		f.names[place{to, name2}] = n
	}
}

// StatFs implements fuse.RawFileSystem.
func (f *filesystem) StatFs(cancel <-chan struct{}, h *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpStatFS}, f.root, nil)
	if errno != 0 {
		return status(errno)
	}
	s := r.Stat
	*out = fuse.StatfsOut{Blocks: s.Blocks, Bfree: s.Free, Bavail: s.Avail, Files: s.Files, Ffree: s.FilesFree, Bsize: s.BlockSize, Frsize: s.BlockSize, NameLen: wire.MaxName}
	return fuse.OK
}
