package guest

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// replay is one change of the host on its way into the mount: first the kernel drops what it made wrong, then the change is
// repeated there.
type replay struct {
	fs     *filesystem
	top    string
	e      *wire.Event
	parent *node
}

// attempts is how often a change is repeated that somebody's look at the same name gets in the way of.
const attempts = 3

func (r *replay) run() {
	f, e := r.fs, r.e
	path := f.pathOf(r.top, r.parent) + "/" + e.Name
	if e.Kind != wire.Modified && e.Kind != wire.Closed && e.Kind != wire.Attrib {
		f.touched(r.parent)
	}
	switch e.Kind {
	case wire.Created:
		r.created(path)
	case wire.Modified, wire.Closed, wire.Attrib:
		r.changed(path)
	case wire.Deleted:
		r.deleted(path)
	case wire.Moved:
		r.moved(path)
	case wire.MovedOut:
		r.movedOut(path)
	case wire.MovedIn:
		r.movedIn(path)
	}
	f.helper.begin(nil)
}

// touched drops what is kept of a folder itself.
func (f *filesystem) touched(n *node) {
	f.mu.Lock()
	delete(f.lists, n.id)
	f.mu.Unlock()
	f.server.InodeNotify(n.id, 0, 0)
}

// now is what the host has under a name, nil if nothing. The node is the kernel's too if keep.
func (r *replay) now(parent *node, name string) *wire.Attr {
	reply, errno := r.fs.client.call(nil, &wire.Request{Op: wire.OpLookup, Name: name}, parent, nil)
	if errno != 0 || reply.Entry.Node == 0 {
		return nil
	}
	r.fs.client.forget(reply.Entry.Node, 1, r.fs.client.epochNow())
	return &reply.Entry.Attr
}

func (r *replay) created(path string) {
	f := r.fs
	for range attempts {
		f.helper.begin(map[place]*node{{r.parent, r.e.Name}: nil})
		f.device.expire(r.parent.id, r.e.Name)
		a := r.now(r.parent, r.e.Name)
		if a == nil {
			return
		}
		var err error
		switch a.Mode & syscall.S_IFMT {
		case syscall.S_IFDIR:
			err = unix.Mkdir(path, a.Mode&0o7777)
		case syscall.S_IFLNK:
			err = unix.Symlink("x", path)
		default:
			err = unix.Mknod(path, a.Mode, int(a.Rdev))
		}
		if err != unix.EEXIST && err != unix.EINTR {
			return
		}
	}
}

func (r *replay) changed(path string) {
	f, e := r.fs, r.e
	n := f.bySIDNode(e.Node)
	if n == nil {
		n = f.child(r.parent, e.Name)
	}
	if n != nil {
		off := int64(0)
		if e.Kind == wire.Attrib {
			off = -1
		}
		f.server.InodeNotify(n.id, off, 0)
	}
	a := r.now(r.parent, e.Name)
	if a == nil {
		return
	}
	if n == nil || !n.is(a) { // the kernel holds another file under this name, or none
		f.device.expire(r.parent.id, e.Name)
	}
	regular := a.Mode&syscall.S_IFMT == syscall.S_IFREG
	switch {
	case e.Kind == wire.Modified && regular:
		_ = unix.Truncate(path, int64(a.Size))
	case e.Kind == wire.Closed && regular:
		if fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err == nil {
			unix.Close(fd)
		}
	case e.Kind == wire.Attrib:
		ts := []unix.Timespec{{Sec: a.ATime / 1e9, Nsec: a.ATime % 1e9}, {Sec: a.MTime / 1e9, Nsec: a.MTime % 1e9}}
		if a.ATime < 0 || a.MTime < 0 {
			ts = []unix.Timespec{{}, {}}
		}
		_ = unix.UtimesNanoAt(unix.AT_FDCWD, path, ts, unix.AT_SYMLINK_NOFOLLOW)
	}
}

// held is the node that the kernel has under a name, or one made up for it.
func (r *replay) held(parent *node, name string) *node {
	if n := r.fs.child(parent, name); n != nil {
		return n
	}
	mode := uint32(syscall.S_IFREG | 0o644)
	if r.e.IsDir {
		mode = syscall.S_IFDIR | 0o755
	}
	return r.fs.phantom(parent, name, mode)
}

func (r *replay) deleted(path string) {
	f := r.fs
	f.helper.begin(map[place]*node{{r.parent, r.e.Name}: r.held(r.parent, r.e.Name)})
	err := error(unix.EINTR)
	for i := 0; i < attempts && err == unix.EINTR; i++ {
		if r.e.IsDir {
			err = unix.Rmdir(path)
		} else {
			err = unix.Unlink(path)
		}
	}
	f.server.EntryNotify(r.parent.id, r.e.Name)
	f.lost(r.parent, r.e.Name)
}

// lost forgets which node was under a name.
func (f *filesystem) lost(parent *node, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.names, place{parent, name})
}

func (r *replay) moved(path string) {
	f, e := r.fs, r.e
	to := f.bySIDNode(e.Dir2)
	if to == nil {
		r.movedOut(path)
		return
	}
	f.touched(to)
	for range attempts {
		f.helper.begin(map[place]*node{{r.parent, e.Name}: r.held(r.parent, e.Name), {to, e.Name2}: nil})
		f.device.expire(to.id, e.Name2)
		err := unix.Rename(path, f.pathOf(r.top, to)+"/"+e.Name2)
		if err != unix.EINTR {
			break
		}
	}
	r.settled(to, e.Name2)
	f.lost(r.parent, e.Name)
	f.device.expire(r.parent.id, e.Name)
}

// settled has the kernel look again at a name that something was moved to.
func (r *replay) settled(to *node, name string) {
	r.fs.helper.begin(nil)
	r.fs.device.expire(to.id, name)
	if n := r.fs.child(to, name); n != nil {
		r.fs.server.InodeNotify(n.id, -1, 0)
	}
}

// inLimbo is the folder that moves from and to elsewhere go through, and a name in it that nothing has.
func (r *replay) inLimbo() (dir *node, path, name string) {
	f := r.fs
	dir = f.limbo()
	f.mu.Lock()
	f.gen++
	name = uniqueName(f.gen)
	f.mu.Unlock()
	return dir, r.top + "/" + limbo + "/" + name, name
}

func (r *replay) movedOut(path string) {
	f, e := r.fs, r.e
	dir, away, name := r.inLimbo()
	f.helper.begin(map[place]*node{{r.parent, e.Name}: r.held(r.parent, e.Name), {f.root, limbo}: dir, {dir, name}: nil})
	_ = unix.Rename(path, away)
	f.lost(r.parent, e.Name)
	f.server.EntryNotify(r.parent.id, e.Name)
	f.server.EntryNotify(dir.id, name)
}

func (r *replay) movedIn(path string) {
	f, e := r.fs, r.e
	a := r.now(r.parent, e.Name)
	if a == nil {
		f.server.EntryNotify(r.parent.id, e.Name)
		return
	}
	dir, from, name := r.inLimbo()
	n := f.phantom(dir, name, a.Mode)
	f.helper.begin(map[place]*node{{r.parent, e.Name}: nil, {f.root, limbo}: dir, {dir, name}: n})
	f.device.expire(r.parent.id, e.Name)
	_ = unix.Rename(from, path)
	f.helper.begin(nil)
	f.server.EntryNotify(r.parent.id, e.Name) // the next look finds the real one
}
