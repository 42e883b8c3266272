package guest

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// helper is the thread that repeats the host's changes in the mount, so that those who watch there hear of them. What it
// asks of the filesystem is answered so that the kernel does as if, and goes no further.
type helper struct {
	thread atomic.Int32 // 0 while there is none

	mu sync.Mutex
	// places are the names that are answered in their own way while a change is repeated.
	places map[place]*node // nil for one that is not there
}

// place is a name in a folder.
type place struct {
	parent *node
	name   string
}

// limbo is the name, in the root of each share and for the helper only, of a folder from which files come and to which
// they go when they are moved into or out of what is watched.
const limbo = ".wherry-limbo"

// is says whether a request is the helper's.
func (h *helper) is(in *fuse.InHeader) bool {
	t := h.thread.Load()
	return t != 0 && in.Pid == uint32(t)
}

// begin says how names are to be answered for one repeated change.
func (h *helper) begin(places map[place]*node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.places = places
}

func (h *helper) place(parent *node, name string) (n *node, special bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, special = h.places[place{parent, name}]
	return n, special
}

// helperLookup answers the helper: names of the change that it repeats in their own way, others as to everybody.
func (f *filesystem) helperLookup(cancel <-chan struct{}, parent *node, name string, out *fuse.EntryOut) fuse.Status {
	n, special := f.helper.place(parent, name)
	switch {
	case special && n == nil:
		return fuse.ENOENT // and not to be kept
	case !special:
		return f.find(cancel, parent, name, out)
	}
	f.mu.Lock()
	n.lookups++
	if f.nodes[n.id] == nil {
		f.nodes[n.id] = n
	}
	a := n.attr
	f.mu.Unlock()
	out.NodeId, out.Generation = n.id, 1
	f.put(&a, &out.Attr)
	return fuse.OK
}

// phantom is a node of which the kernel is told for the sake of one event.
func (f *filesystem) phantom(parent *node, name string, mode uint32) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	n := &node{id: f.next, fs: f, parent: parent, name: name, phantom: true}
	n.attr = wire.Attr{Mode: mode, Nlink: 1, Ino: 1<<62 + n.id, Dev: f.root.attr.Dev}
	return n
}

// helperSetAttr answers a change of attributes, or of the size, with what the host has.
func (f *filesystem) helperSetAttr(cancel <-chan struct{}, n *node, out *fuse.AttrOut) fuse.Status {
	if n.phantom {
		f.put(&n.attr, &out.Attr)
		return fuse.OK
	}
	n.awaitWrites()
	since := f.client.seq.Load()
	r, errno := f.client.call(cancel, &wire.Request{Op: wire.OpGetAttr}, n, nil)
	if errno != 0 {
		return status(errno)
	}
	f.update(n, &r.Entry.Attr, since)
	f.put(&r.Entry.Attr, &out.Attr)
	out.SetTimeout(attrValidity(&r.Entry.Attr))
	return fuse.OK
}

// helperMake answers the making of what the host has made.
func (f *filesystem) helperMake(cancel <-chan struct{}, dir uint64, name string, out *fuse.EntryOut) fuse.Status {
	parent := f.node(dir)
	if parent == nil {
		return fuse.Status(syscall.ESTALE)
	}
	s := f.find(cancel, parent, name, out)
	if s == fuse.OK && out.NodeId == 0 {
		return fuse.ENOENT
	}
	return s
}
