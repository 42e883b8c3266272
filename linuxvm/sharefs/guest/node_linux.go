package guest

import (
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// node is a file that the kernel knows.
type node struct {
	id uint64 // the kernel's number of it
	fs *filesystem

	// under fs.mu
	parent  *node // nil for the root
	name    string
	lookups uint64
	attr    wire.Attr
	phantom bool // the host knows nothing of it
	// fresh says that attr is what the host has; changed is when that was last not so for sure, as seq counts.
	fresh   bool
	changed uint64

	sid   uint64 // the host's number of it
	epoch string // in which sid holds
	refs  uint64 // how often the host counts that we know it

	mu sync.Mutex // held while it is looked for on a new host

	writes writes
}

// filesystem is one share.
type filesystem struct {
	fuse.RawFileSystem
	tight  atomic.Bool   // the host's disk is nearly full
	dev    atomic.Uint64 // the root's on the host
	client *Client
	path   string
	server *fuse.Server
	device *device

	mu        sync.Mutex
	root      *node
	nodes     map[uint64]*node
	bySID     map[uint64]*node // by the host's numbers
	names     map[place]*node  // the newest under each name; it may be elsewhere by now
	files     map[file]*node   // by what they are on the host, to find them again on a new one
	next      uint64
	lists     map[uint64]*listing
	gen       uint64
	helper    helper
	limboNode *node
}

// file tells the host's files apart.
type file struct{ dev, ino uint64 }

// set takes attributes that the host was asked for at a time, as seq counts. It is called under fs.mu.
func (n *node) set(a *wire.Attr, since uint64) {
	n.attr = *a
	if n == n.fs.root {
		n.fs.dev.Store(a.Dev)
	}
	n.fresh = n.changed <= since && n.fs.client.told.Load() <= since && a.Flags&wire.Keep != 0
}

// is says whether a node is the file with these attributes.
func (n *node) is(a *wire.Attr) bool {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	return n.attr.Ino == a.Ino && n.attr.Dev == a.Dev
}

// touch says that a node's attributes change now.
func (f *filesystem) touch(nodes ...*node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range nodes {
		if n != nil {
			n.fresh, n.changed = false, f.client.seq.Add(1)
		}
	}
}

// update is set for a node that is known.
func (f *filesystem) update(n *node, a *wire.Attr, since uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n.set(a, since)
}

// learn is the node of an entry that the host told, known to the kernel once more.
func (f *filesystem) learn(parent *node, name string, e *wire.Entry, epoch string, since uint64) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, what := f.bySID[e.Node], file{e.Attr.Dev, e.Attr.Ino}
	if n == nil {
		if n = f.files[what]; n != nil && n.epoch != epoch {
			f.move(n, e.Node, epoch, 0)
		} else {
			n = nil
		}
	}
	if n == nil {
		f.next++
		n = &node{id: f.next, fs: f, parent: parent, name: name, sid: e.Node, epoch: epoch}
		f.nodes[n.id], f.bySID[e.Node], f.files[what] = n, n, n
	} else if n.parent != nil {
		n.parent, n.name = parent, name
	}
	f.names[place{parent, name}] = n
	n.lookups++
	n.refs++
	n.set(&e.Attr, since)
	return n
}

// limbo is the folder of that name.
func (f *filesystem) limbo() *node {
	f.mu.Lock()
	n := f.limboNode
	f.mu.Unlock()
	if n == nil {
		n = f.phantom(f.root, limbo, syscall.S_IFDIR|0o700)
		f.mu.Lock()
		f.limboNode = n
		f.mu.Unlock()
	}
	return n
}

func uniqueName(n uint64) string { return strconv.FormatUint(n, 36) }

// node finds a node by the kernel's number.
func (f *filesystem) node(id uint64) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.nodes[id]
}

// Forget implements fuse.RawFileSystem.
func (f *filesystem) Forget(id, count uint64) {
	f.mu.Lock()
	n := f.nodes[id]
	if n == nil || n.parent == nil {
		f.mu.Unlock()
		return
	}
	n.lookups -= min(n.lookups, count)
	if n.lookups > 0 {
		f.mu.Unlock()
		return
	}
	delete(f.nodes, id)
	if f.bySID[n.sid] == n {
		delete(f.bySID, n.sid)
	}
	if what := (file{n.attr.Dev, n.attr.Ino}); f.files[what] == n {
		delete(f.files, what)
	}
	if at := (place{n.parent, n.name}); f.names[at] == n {
		delete(f.names, at)
	}
	delete(f.lists, id)
	sid, refs, epoch := n.sid, n.refs, n.epoch
	f.mu.Unlock()
	if n.phantom {
		return
	}
	f.client.forget(sid, refs, epoch)
}

// forget tells the host that the guest does not know a node any more.
func (c *Client) forget(sid, refs uint64, epoch string) {
	c.mu.Lock()
	s := c.session
	c.nextID++
	id := c.nextID
	c.mu.Unlock()
	if s == nil || s.epoch != epoch {
		return
	}
	q := wire.Request{Op: wire.OpForget, ID: id, Data: wire.AppendForget(nil, sid, refs)}
	_ = s.out.Send(q.Append(nil))
}

// attach finds out the host's number of a node in a session. After the host was started anew, that is by looking for the
// node where it was, and for its identity.
func (c *Client) attach(s *session, n *node, sid *uint64) syscall.Errno {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fs.mu.Lock()
	parent, name, attr, known := n.parent, n.name, n.attr, n.epoch == s.epoch
	*sid = n.sid
	n.fs.mu.Unlock()
	if known {
		return 0
	}
	if parent == nil {
		c.mu.Lock()
		root, ok := c.roots[n.fs.path]
		c.mu.Unlock()
		if !ok {
			return syscall.EIO
		}
		n.settle(root, s.epoch, 1)
		*sid = root
		return 0
	}
	q := wire.Request{Op: wire.OpLookup, Name: name}
	if errno := c.attach(s, parent, &q.Node); errno != 0 {
		return errno
	}
	r, errno := c.ask(s, &q)
	switch {
	case errno != 0:
		return errno
	case r.Entry.Node == 0 || r.Entry.Attr.Ino != attr.Ino || r.Entry.Attr.Dev != attr.Dev:
		if r.Entry.Node != 0 {
			c.forget(r.Entry.Node, 1, s.epoch)
		}
		return syscall.ESTALE
	}
	n.settle(r.Entry.Node, s.epoch, 1)
	*sid = r.Entry.Node
	return 0
}

// settle gives a node the host's number of it.
func (n *node) settle(sid uint64, epoch string, refs uint64) {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	n.fs.move(n, sid, epoch, refs)
}

// move is settle under mu.
func (f *filesystem) move(n *node, sid uint64, epoch string, refs uint64) {
	if f.bySID[n.sid] == n {
		delete(f.bySID, n.sid)
	}
	n.sid, n.epoch, n.refs = sid, epoch, refs
	f.bySID[sid] = n
}

// ask sends a request with the host's numbers on a session and waits for its reply, or for the session's end.
func (c *Client) ask(s *session, q *wire.Request) (*wire.Reply, syscall.Errno) {
	k := &call{q: *q, done: make(chan struct{})}
	c.mu.Lock()
	c.nextID++
	k.q.ID = c.nextID
	over := c.news
	if c.session != s {
		c.mu.Unlock()
		return nil, syscall.EIO
	}
	c.pending[k.q.ID] = k
	c.mu.Unlock()
	_ = s.out.Send(k.q.Append(nil))
	select {
	case <-k.done:
		return &k.reply, k.errno
	case <-over:
		c.mu.Lock()
		delete(c.pending, k.q.ID)
		c.mu.Unlock()
		return nil, syscall.EIO
	}
}
