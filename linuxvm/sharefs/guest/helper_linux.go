package guest

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// helper repeats the host's changes in the mount.
type helper struct{}

func (h *helper) is(*fuse.InHeader) bool { return false }

func (f *filesystem) helperLookup(*node, string, *fuse.EntryOut) fuse.Status { return fuse.ENOENT }

func (f *filesystem) helperSetAttr(*node, *fuse.AttrOut) fuse.Status { return fuse.OK }

func (f *filesystem) helperMake(uint64, string, *fuse.EntryOut) fuse.Status {
	return fuse.Status(syscall.EEXIST)
}

func (c *Client) events([]wire.Event) {}

// reset drops all that the kernel keeps of the share with a root, 0 for all.
func (c *Client) reset(root uint64) {
	for _, m := range c.mounted() {
		if m.fs.root.sid == root || root == 0 {
			m.fs.dropAll()
		}
	}
}

// dropAll has the kernel forget all that it keeps.
func (f *filesystem) dropAll() {
	f.mu.Lock()
	type place struct {
		id, parent uint64
		name       string
	}
	var all []place
	for _, n := range f.nodes {
		p := place{id: n.id, name: n.name}
		if n.parent != nil {
			p.parent = n.parent.id
		}
		all = append(all, p)
	}
	f.mu.Unlock()
	for _, p := range all {
		if p.parent != 0 {
			f.device.expire(p.parent, p.name)
		}
		f.server.InodeNotify(p.id, 0, 0)
	}
}
