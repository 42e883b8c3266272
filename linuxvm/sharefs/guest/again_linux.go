package guest

import (
	"syscall"
	"time"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// forgive is the outcome of a call that was sent again after the link broke, and may have been done the first time: what it
// was to make is there, or what it was to remove is not.
func (c *Client) forgive(cancel <-chan struct{}, k *call) (*wire.Reply, syscall.Errno) {
	there := func(n *node, name string) *wire.Reply {
		r, errno := c.call(cancel, &wire.Request{Op: wire.OpLookup, Name: name}, n, nil)
		if errno != 0 || r.Entry.Node == 0 {
			return nil
		}
		return r
	}
	typ := uint32(0)
	switch {
	case k.q.Op == wire.OpMkdir:
		typ = syscall.S_IFDIR
	case k.q.Op == wire.OpSymlink:
		typ = syscall.S_IFLNK
	case k.q.Op == wire.OpMknod, k.q.Op == wire.OpLink:
		typ = k.q.Mode & syscall.S_IFMT
	case (k.q.Op == wire.OpUnlink || k.q.Op == wire.OpRmdir) && k.errno == syscall.ENOENT:
		return &k.reply, 0
	case k.q.Op == wire.OpRename && k.errno == syscall.ENOENT:
		if r := there(k.node2, k.q.Name2); r != nil {
			c.forget(r.Entry.Node, 1, c.epochNow())
			return &k.reply, 0
		}
	}
	if k.errno == syscall.EEXIST && typ|k.q.Mode != 0 || k.errno == syscall.EEXIST && k.q.Op == wire.OpLink {
		if r := there(k.node, k.q.Name); r != nil {
			if typ == 0 || r.Entry.Attr.Mode&syscall.S_IFMT == typ {
				return r, 0
			}
			c.forget(r.Entry.Node, 1, c.epochNow())
		}
	}
	return &k.reply, k.errno
}

// Barrier returns when the host has answered all writes that were made before it was called, or after a time.
func (c *Client) Barrier(limit time.Duration) {
	if c.writing.used() == 0 {
		return
	}
	c.mu.Lock()
	var writes []*call
	for _, k := range c.pending {
		if k.q.Op == wire.OpWrite {
			writes = append(writes, k)
		}
	}
	c.mu.Unlock()
	t := time.NewTimer(limit)
	defer t.Stop()
	for _, k := range writes {
		select {
		case <-k.done:
		case <-t.C:
			return
		}
	}
}
