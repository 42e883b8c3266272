package server

import (
	"context"
	"errors"
	"time"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// A watcher watches folders of the host.
type watcher interface {
	// add begins to watch an open folder; the answer names it in changes. One that is watched already has its old name.
	add(f folder) (int, error)
	// remove ends that.
	remove(watch int)
	// run calls f with changes in the order in which they happened, as many at a time as there are, until ctx ends or it
	// cannot go on.
	run(ctx context.Context, f func([]change)) error
	close()
}

// change is something that happened in a watched folder.
type change struct {
	kind  wire.Kind // lost says that changes were missed, ended that the folder is not watched any more
	watch int
	name  string
	isDir bool
	// to is where it was moved to.
	to     int
	toName string
}

// Kinds of changes beside those that the guest is told.
const (
	lost wire.Kind = iota + 100
	ended
)

// state is what the guest knows of a file's content, or will learn from a reply or event that is on its way.
type state struct {
	known        bool
	size         uint64
	mtime, ctime int64
	mode, nlink  uint32
}

func stateOf(i *info) state {
	return state{known: true, size: i.size, mtime: i.mtime, ctime: i.ctime, mode: i.mode, nlink: i.nlink}
}

// token is an event that an operation of the guest will cause on the host.
type token struct {
	dir  *node
	name string
	kind wire.Kind
}

// watching is the part of a Server that watches; all of it is under the server's mu.
type watching struct {
	watcher watcher
	full    bool // a folder could not be watched; it was logged
	folders map[int]*node
	// expected are the events of the guest's own operations that have not come yet; busy the names that such an operation
	// works on.
	expected map[token]expectation
	busy     map[token]int
	// held are the changes to such names, which are looked at afterwards.
	held map[token][]change
	out  []wire.Event
}

// Watch watches what the guest looks at until ctx ends. While nobody runs it, the guest keeps nothing for longer than half a
// second.
func (s *Server) Watch(ctx context.Context) error {
	w, err := newWatcher()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.w = watching{watcher: w, folders: map[int]*node{}, expected: map[token]expectation{}, busy: map[token]int{}, held: map[token][]change{}}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.w = watching{}
		for _, n := range s.nodes {
			n.watch = 0
		}
		w.close()
		s.resetGuest()
	}()
	return w.run(ctx, s.changes)
}

// KeepWatching is Watch, begun again whenever it fails, until ctx ends.
func (s *Server) KeepWatching(ctx context.Context) error {
	const pause = 10 * time.Second
	for {
		err := s.Watch(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.log.Warn("folders are not watched; what containers see may be half a second old", "error", err)
		if errors.Is(err, errors.ErrUnsupported) {
			<-ctx.Done()
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// resetGuest has the guest drop all that it keeps.
func (s *Server) resetGuest() {
	if s.conn != nil {
		s.conn.notify(wire.AppendReset(nil, 0))
	}
}

// look begins to watch a folder, before it is looked at. The answer is what the guest may keep of what it sees.
func (s *Server) look(n *node, f folder) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.watch != 0 {
		return wire.Keep | wire.KeepName
	}
	if s.w.watcher == nil || s.nodes[n.id] != n {
		return 0
	}
	id, err := s.w.watcher.add(f)
	if err != nil {
		if !s.w.full {
			s.w.full = true
			s.log.Warn("a folder cannot be watched; what containers see of it may be half a second old", "path", s.pathOf(n), "error", err)
		}
		return 0
	}
	if other := s.w.folders[id]; other != nil && other != n {
		return 0 // the same folder in another share
	}
	n.watch = id
	s.w.folders[id] = n
	return wire.Keep | wire.KeepName
}

// pathOf is where a node is on the host, for people. It is called under mu.
func (s *Server) pathOf(n *node) string {
	if n.parent == nil {
		return n.share.HostPath
	}
	return s.pathOf(n.parent) + "/" + n.name
}

func (s *Server) watched(n *node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return n.watch != 0
}

// unwatch ends the watching of a node. It is called under mu.
func (s *Server) unwatch(n *node) {
	if n.watch == 0 {
		return
	}
	if s.w.watcher != nil {
		s.w.watcher.remove(n.watch)
		delete(s.w.folders, n.watch)
	}
	n.watch = 0
}

// limit withholds from the guest's keeping what changes without the folder's watcher being told.
func (s *Server) limit(n *node, i *info, a *wire.Attr) {
	switch {
	case i.is(typeFolder):
		if !s.watched(n) { // the guest says so when it goes there, with a lookup
			a.Flags &^= wire.Keep | wire.KeepName
		}
	case i.nlink > 1: // it may be changed by a name in a folder that is not watched
		a.Flags &^= wire.Keep | wire.KeepName
	}
}

// observe compares what a file is with what the guest knows, and tells it if that is not the same.
func (s *Server) observe(n *node, i *info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.differs(n, i) && n.parent != nil && n.parent.watch != 0 {
		s.emit(wire.Event{Kind: wire.Modified, Dir: n.parent.id, Name: n.name, Node: n.id})
		s.flush()
	}
}

// differs takes a file's state, unless an operation of the guest is changing it, and says whether its content may have
// changed since the last one. It is called under mu.
func (s *Server) differs(n *node, i *info) bool {
	if n.busy > 0 {
		return false
	}
	was, now := n.seen, stateOf(i)
	n.seen = now
	return n.typ == typeFile && was.known && (was.size != now.size || was.mtime != now.mtime || was.ctime != now.ctime && was.nlink == now.nlink && was.mode == now.mode)
}

// before begins a change that the guest makes to an open file, after ends it.
func (s *Server) before(n *node, h *handle) {
	if i, err := statFile(h.file); err == nil {
		s.observe(n, &i)
	}
	s.mu.Lock()
	n.busy++
	s.mu.Unlock()
}

func (s *Server) after(n *node, h *handle) {
	i, err := statFile(h.file)
	s.mu.Lock()
	defer s.mu.Unlock()
	n.busy--
	if err == nil && n.busy == 0 {
		n.seen = stateOf(&i)
	}
}

// remember takes the state that an operation of the guest has left.
func (s *Server) remember(n *node, i *info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.busy == 0 {
		n.seen = stateOf(i)
	}
}

// own says that the guest makes a change to a name, and ends that with its outcome: its events are not news to the guest.
func (s *Server) own(n *node, name string, kind wire.Kind) func(error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.watch == 0 {
		return func(error) {}
	}
	t, on := token{n, name, kind}, token{dir: n, name: name}
	s.expect(t)
	s.w.busy[on]++
	return func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.w.watcher == nil {
			return // it has failed meanwhile
		}
		if s.w.busy[on]--; s.w.busy[on] <= 0 {
			delete(s.w.busy, on)
			defer s.resume(on)
		}
		if err != nil && !s.came(t) {
			// Somebody else's event was taken for it.
			s.emit(wire.Event{Kind: wire.Attrib, Dir: n.id, Name: name})
			s.flush()
		}
	}
}

// resume looks at the changes to a name that were held. It is called under mu.
func (s *Server) resume(on token) {
	held := s.w.held[on]
	delete(s.w.held, on)
	for i := range held {
		s.change1(&held[i])
	}
	s.flush()
}

// expectation is how often an event is expected, and until when: what has not come by then will not.
type expectation struct {
	count int
	until time.Time
}

// expectFor is long for an event of one's own on a busy machine, and short for one of the same name by somebody else.
const expectFor = 2 * time.Second

// expect says that an event will be the guest's own; came says whether one was, once. Both are called under mu.
func (s *Server) expect(t token) {
	e := s.w.expected[t]
	s.w.expected[t] = expectation{e.count + 1, time.Now().Add(expectFor)}
}

func (s *Server) came(t token) bool {
	e, ok := s.w.expected[t]
	if e.count--; e.count > 0 {
		s.w.expected[t] = e
	} else {
		delete(s.w.expected, t)
	}
	return ok && time.Now().Before(e.until)
}

func (s *Server) ownMove(n *node, name string, to *node, toName string) func(error) {
	a, b := s.own(n, name, wire.MovedOut), s.own(to, toName, wire.MovedIn)
	return func(err error) { a(err); b(err) }
}
