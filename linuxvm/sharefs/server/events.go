package server

import (
	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// emit adds an event to those that flush sends. Both are called under mu.
func (s *Server) emit(e wire.Event) {
	if n := len(s.w.out); n > 0 && s.w.out[n-1] == e {
		return
	}
	s.w.out = append(s.w.out, e)
}

// eventsAtOnce is how many events a notice carries at most.
const eventsAtOnce = 500

func (s *Server) flush() {
	for len(s.w.out) > 0 {
		n := min(len(s.w.out), eventsAtOnce)
		if s.conn != nil {
			s.conn.notify(wire.AppendEvents(nil, s.w.out[:n]))
		}
		s.w.out = s.w.out[n:]
	}
	s.w.out = nil
}

// changes tells the guest what the watcher saw, but for what the guest did itself.
func (s *Server) changes(list []change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range list {
		s.change1(&list[i])
	}
	s.flush()
}

// change1 deals with one change.
func (s *Server) change1(c *change) {
	if c.kind == lost {
		s.log.Warn("changes on the host were too many to follow; containers look at all files again")
		clear(s.w.expected)
		s.w.out = nil
		for _, n := range s.nodes {
			n.seen = state{}
		}
		s.resetGuest()
		return
	}
	dir := s.w.folders[c.watch]
	if dir == nil {
		return
	}
	if c.kind == ended {
		delete(s.w.folders, c.watch)
		dir.watch = 0
		return
	}
	if c.name == "" { // of the folder itself: it is told by its parent, if it has one
		if dir.parent == nil && dir.busy == 0 && s.conn != nil {
			s.flush()
			s.conn.notify(wire.AppendReset(nil, dir.id))
		}
		return
	}
	e := wire.Event{Kind: c.kind, IsDir: c.isDir, Dir: dir.id, Name: c.name}
	switch c.kind {
	case wire.Moved:
		s.moved(dir, c, e)
	case wire.Created, wire.MovedIn:
		if !s.came(token{dir, c.name, c.kind}) {
			s.arrived(dir, c.name)
			s.emit(e)
		}
	case wire.Deleted:
		if !s.came(token{dir, c.name, c.kind}) {
			s.emit(e)
		}
	case wire.MovedOut:
		if !s.came(token{dir, c.name, c.kind}) {
			s.left(dir, c.name)
			s.emit(e)
		}
	default:
		s.touched(dir, c, e)
	}
}

// moved deals with a move between two watched folders.
func (s *Server) moved(dir *node, c *change, e wire.Event) {
	to := s.w.folders[c.to]
	own := s.came(token{dir, c.name, wire.MovedOut})
	if to != nil && s.came(token{to, c.toName, wire.MovedIn}) || own {
		return
	}
	if to == nil {
		e.Kind = wire.MovedOut
		s.left(dir, c.name)
		s.emit(e)
		return
	}
	s.arrived(to, c.toName)
	e.Dir2, e.Name2 = to.id, c.toName
	s.emit(e)
}

// arrived notes that a file is under a name now.
func (s *Server) arrived(dir *node, name string) {
	if n, _ := s.here(dir, name); n != nil && n.parent != nil {
		n.parent, n.name = dir, name
	}
}

// here is the node and the info of what is under a name in a folder that is open, nil if that is not known.
func (s *Server) here(dir *node, name string) (*node, *info) {
	if dir.handle == nil || dir.handle.folder == nil {
		f, err := s.reopen(dir)
		if err != nil {
			return nil, nil
		}
		defer f.close()
		return s.hereIn(dir, f, name)
	}
	return s.hereIn(dir, dir.handle.folder, name)
}

func (s *Server) hereIn(dir *node, f folder, name string) (*node, *info) {
	i, err := f.stat(name)
	if err != nil {
		return nil, nil
	}
	return s.known[ident(dir.share, &i)], &i
}

// reopen opens a folder whose handle was given up, from the top of its share.
func (s *Server) reopen(n *node) (folder, error) {
	if n.parent == nil {
		return n.share.top.sub(".")
	}
	if n.parent.handle != nil && n.parent.handle.folder != nil {
		return n.parent.handle.folder.sub(n.name)
	}
	up, err := s.reopen(n.parent)
	if err != nil {
		return nil, err
	}
	defer up.close()
	return up.sub(n.name)
}

// left notes that what was under a name is not in the share any more: nothing leads to it through an old handle.
func (s *Server) left(dir *node, name string) {
	for _, n := range s.nodes {
		for up := n; up.parent != nil; up = up.parent {
			if up.parent == dir && up.name == name {
				s.unwatch(n)
				if n.handle != nil && !n.handle.pinned && n.handle.folder != nil {
					s.drop(n)
				}
				break
			}
		}
	}
}

// touched deals with a change to a file that keeps its name.
func (s *Server) touched(dir *node, c *change, e wire.Event) {
	if on := (token{dir: dir, name: c.name}); s.w.busy[on] > 0 { // the guest makes, moves or removes it now
		s.w.held[on] = append(s.w.held[on], *c)
		return
	}
	if c.kind == wire.Closed && s.came(token{dir, c.name, wire.Closed}) {
		return // it was our own handle
	}
	n, i := s.here(dir, c.name)
	if i == nil {
		return // it is gone, of which there will be another event
	}
	if n == nil {
		s.emit(e)
		return
	}
	e.Node = n.id
	was := n.seen
	switch c.kind {
	case wire.Modified:
		if was.known && !s.differs(n, i) {
			return // the guest did it, or has been told
		}
	case wire.Attrib:
		if n.busy > 0 {
			return
		}
		if n.seen = stateOf(i); was.known && was.size == i.size && was.mtime == i.mtime && was.mode == i.mode && was.nlink == i.nlink {
			return
		}
	case wire.Closed:
		n.seen = stateOf(i)
	}
	s.emit(e)
}
