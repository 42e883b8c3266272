package guest

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// queue is what the host said and what was not dealt with yet.
type queue struct {
	mu      sync.Mutex
	events  []wire.Event
	resets  []uint64
	working bool
}

// tooMany is how many events may wait; when there are more, all that is kept is dropped instead.
const tooMany = 20000

// events takes events of the host.
func (c *Client) events(list []wire.Event) {
	c.told.Store(c.seq.Add(1))
	for _, m := range c.allMounts() {
		m.fs.outdate(list)
	}
	c.queue.add(func(q *queue) {
		q.events = append(q.events, list...)
		if len(q.events) > tooMany {
			q.events, q.resets = nil, append(q.resets, 0)
		}
	}, c.work)
}

// reset drops all that the kernel keeps of the share with a root, 0 for all.
func (c *Client) reset(root uint64) {
	c.told.Store(c.seq.Add(1))
	for _, m := range c.allMounts() {
		m.fs.outdateAll()
	}
	c.queue.add(func(q *queue) { q.resets = append(q.resets, root) }, c.work)
}

// add changes the queue and has it worked on.
func (q *queue) add(change func(*queue), work func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(q)
	if !q.working {
		q.working = true
		go work()
	}
}

// take takes all there is, nothing when the work is done.
func (q *queue) take() (events []wire.Event, resets []uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events, resets = q.events, q.resets
	q.events, q.resets = nil, nil
	q.working = len(events)+len(resets) > 0
	return events, resets
}

// work deals with the queue until it is empty.
func (c *Client) work() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := int32(unix.Gettid())
	for {
		events, resets := c.queue.take()
		if len(events)+len(resets) == 0 {
			return
		}
		mounts := c.allMounts()
		for _, m := range mounts {
			m.fs.helper.thread.Store(thread)
		}
		for _, root := range resets {
			for _, m := range mounts {
				if root == 0 || m.fs.root.sid == root {
					m.fs.dropAll()
				}
			}
		}
		for i := range events {
			for _, m := range mounts {
				if parent := m.fs.bySIDNode(events[i].Dir); parent != nil {
					r := replay{fs: m.fs, top: m.dir, e: &events[i], parent: parent}
					r.run()
				}
			}
		}
		for _, m := range mounts {
			m.fs.helper.thread.Store(0)
		}
	}
}

func (f *filesystem) bySIDNode(sid uint64) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bySID[sid]
}

// outdate notes which attributes are not what the host has any more.
func (f *filesystem) outdate(list []wire.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range list {
		e := &list[i]
		parent := f.bySID[e.Dir]
		for _, n := range [...]*node{parent, f.bySID[e.Dir2], f.bySID[e.Node], f.names[place{parent, e.Name}]} {
			if n != nil {
				n.fresh = false
			}
		}
	}
}

func (f *filesystem) outdateAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.nodes {
		n.fresh = false
	}
}

// child is the node that the kernel was told under a name last, nil if none.
func (f *filesystem) child(parent *node, name string) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.names[place{parent, name}]
	if n != nil && n.parent == parent && n.name == name && f.nodes[n.id] == n {
		return n
	}
	return nil
}

// path of a node below the mount's own folder.
func (f *filesystem) pathOf(top string, n *node) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := ""
	for ; n.parent != nil; n = n.parent {
		path = "/" + n.name + path
	}
	return top + path
}

// dropAll has the kernel look again at all that it keeps.
func (f *filesystem) dropAll() {
	f.mu.Lock()
	type at struct {
		id, parent uint64
		name       string
	}
	var all []at
	for _, n := range f.nodes {
		p := at{id: n.id, name: n.name}
		if n.parent != nil {
			p.parent = n.parent.id
		}
		all = append(all, p)
	}
	clear(f.lists)
	f.mu.Unlock()
	for _, p := range all {
		if p.parent != 0 {
			f.device.expire(p.parent, p.name)
		}
		f.server.InodeNotify(p.id, 0, 0)
	}
}
