package server

import (
	"errors"
	"syscall"
	"time"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// make makes a file of any kind.
func (s *Server) make(n *node, q *wire.Request, r *wire.Reply) error {
	h, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(h)
	keep := s.look(n, h.folder)
	var made error
	done := s.own(n, q.Name, wire.Created)
	defer func() { done(made) }()
	return s.makeIn(n, h.folder, keep, q, r, &made)
}

// makeIn is make in an open folder; made gets why nothing was made.
func (s *Server) makeIn(n *node, f folder, keep uint32, q *wire.Request, r *wire.Reply, outcome *error) (err error) {
	var made *handle
	switch {
	case q.Op == wire.OpMkdir:
		err = f.mkdir(q.Name, q.Mode)
	case q.Op == wire.OpSymlink:
		err = f.symlink(string(q.Data), q.Name)
	case q.Mode&typeMask == typeFile || q.Mode&typeMask == 0:
		made, err = s.create(f, q.Name, q.Mode)
	default:
		err = s.special(f, q)
	}
	if *outcome = err; err != nil {
		return err
	}
	if q.UID != 0 || q.GID != 0 {
		o := owner{uid: q.UID, gid: q.GID}
		if had, ok := s.ownerOf(n.share, f, q.Name, nil); ok {
			o.mode, o.rdev = had.mode, had.rdev
		}
		s.setOwner(n.share, f, q.Name, o)
	}
	if err := s.entry(n, f, q.Name, keep, &r.Entry); err != nil {
		if made != nil {
			made.file.Close()
		}
		return err
	}
	if q.Op == wire.OpMkdir && keep != 0 {
		s.enter(&r.Entry)
	}
	if made != nil {
		if m, err := s.node(r.Entry.Node); err == nil {
			s.release(s.keep(m, made))
		} else {
			made.file.Close()
		}
	}
	return nil
}

func (s *Server) create(f folder, name string, mode uint32) (*handle, error) {
	file, err := f.create(name, mode)
	if err != nil {
		return nil, err
	}
	return &handle{file: file, write: true}, nil
}

// special makes a device, pipe or socket. What the user may not make is an empty file that says what it is.
func (s *Server) special(f folder, q *wire.Request) error {
	err := f.mknod(q.Name, q.Mode, q.Rdev)
	if err == nil || !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.ENOSYS) {
		return err
	}
	file, err := f.create(q.Name, q.Mode)
	if err != nil {
		return err
	}
	file.Close()
	return f.setxattr(q.Name, ownerAttr, owner{uid: q.UID, gid: q.GID, mode: q.Mode & typeMask, rdev: q.Rdev}.text(), 0)
}

// link gives the file Node2 one more name.
func (s *Server) link(n *node, q *wire.Request, r *wire.Reply) error {
	old, err := s.node(q.Node2)
	if err != nil {
		return err
	}
	if old.share != n.share {
		return syscall.EXDEV
	}
	h, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(h)
	keep := s.look(n, h.folder)
	up, name, err := s.above(old)
	if err != nil {
		return err
	}
	defer s.release(up)
	i, err := up.folder.stat(name)
	if err != nil || ident(n.share, &i) != old.ident {
		return errStale
	}
	done := s.own(n, q.Name, wire.Created)
	err = up.folder.link(name, h.folder, q.Name)
	if err == nil {
		if i, err := h.folder.stat(q.Name); err == nil {
			s.remember(old, &i)
		}
	}
	done(err)
	if err != nil {
		return err
	}
	return s.entry(n, h.folder, q.Name, keep, &r.Entry)
}

// child is the node that the guest knows under a name, nil if none.
func (s *Server) child(n *node, f folder, name string) (*node, info, error) {
	i, err := f.stat(name)
	if err != nil {
		return nil, i, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[ident(n.share, &i)], i, nil
}

// outlive sees to it that what loses its last name can still be used by those who have it open in the guest.
func (s *Server) outlive(n *node, i *info) {
	if n == nil || n.typ != typeFolder && (n.typ != typeFile || i.nlink > 1) {
		return
	}
	var h *handle
	var err error
	if n.typ == typeFolder {
		h, err = s.folder(n)
	} else if h, err = s.file(n, true); err != nil {
		h, err = s.file(n, false)
	}
	if err != nil {
		return
	}
	s.mu.Lock()
	h.pinned = true
	s.mu.Unlock()
	s.release(h)
}

// bury says that a node has lost a name, and maybe its last one.
func (s *Server) bury(n *node, i *info) {
	if n == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n.seen.known = false // its count of links and its times
	if n.typ == typeFolder || i.nlink <= 1 {
		n.gone = true
		if s.known[n.ident] == n {
			delete(s.known, n.ident)
		}
	}
}

func (s *Server) remove(n *node, q *wire.Request) error {
	h, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(h)
	c, i, err := s.child(n, h.folder, q.Name)
	if err != nil {
		return err
	}
	s.outlive(c, &i)
	done := s.own(n, q.Name, wire.Deleted)
	err = h.folder.remove(q.Name, q.Op == wire.OpRmdir)
	done(err)
	if err == nil {
		s.bury(c, &i)
	}
	return err
}

const renameExchange = 2

func (s *Server) rename(n *node, q *wire.Request) error {
	to, err := s.node(q.Node2)
	if err != nil {
		return err
	}
	if to.share != n.share {
		return syscall.EXDEV
	}
	from, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(from)
	dest, err := s.folder(to)
	if err != nil {
		return err
	}
	defer s.release(dest)
	moved, _, err := s.child(n, from.folder, q.Name)
	if err != nil {
		return err
	}
	victim, i, err := s.child(to, dest.folder, q.Name2)
	there := err == nil
	if there && q.Flags&renameExchange == 0 && victim != moved {
		s.outlive(victim, &i)
	}
	done := s.ownMove(n, q.Name, to, q.Name2)
	err = from.folder.rename(q.Name, dest.folder, q.Name2, q.Flags)
	done(err)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if moved != nil && moved.parent != nil && (victim != moved || !there) {
		moved.parent, moved.name = to, q.Name2
	}
	if moved != nil {
		moved.seen.known = false // some filesystems note the time
	}
	if q.Flags&renameExchange != 0 && victim != nil && victim.parent != nil {
		victim.parent, victim.name = n, q.Name
	}
	s.mu.Unlock()
	if there && q.Flags&renameExchange == 0 && victim != moved {
		s.bury(victim, &i)
	}
	return nil
}

// setAttr changes attributes: the size first, then the owner, the mode and the times, as Linux does in one call.
func (s *Server) setAttr(n *node, q *wire.Request, r *wire.Reply) error {
	s.mu.Lock()
	n.busy++
	s.mu.Unlock()
	err := s.setAttrs(n, q, r)
	i, statErr := s.stat(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.busy--; statErr == nil && n.busy == 0 {
		n.seen = stateOf(&i)
	}
	return err
}

func (s *Server) setAttrs(n *node, q *wire.Request, r *wire.Reply) error {
	if q.Flags&wire.SetSize != 0 {
		if err := s.resize(n, q.Size); err != nil {
			return err
		}
	}
	up, name, err := s.above(n)
	if err != nil {
		if s.setGone(n, q) == nil {
			return s.attrOf(n, &r.Entry.Attr)
		}
		return err
	}
	defer s.release(up)
	if q.Flags&(wire.SetUID|wire.SetGID) != 0 {
		if err := s.chown(n, up.folder, name, q); err != nil {
			return err
		}
	}
	if q.Flags&wire.SetMode != 0 && n.typ != typeLink {
		if err := up.folder.chmod(name, q.Mode&0o7777); err != nil {
			return stale(err)
		}
	}
	if a, m := times(q); a != nil || m != nil {
		if err := up.folder.utimes(name, a, m); err != nil {
			return stale(err)
		}
	}
	i, err := s.stat(n)
	if err != nil {
		return err
	}
	s.fill(n, up.folder, name, &i, &r.Entry.Attr)
	s.keepAttr(n, &i, &r.Entry.Attr)
	return nil
}

// setGone changes the attributes of an open file that has no name any more, as far as its handle can.
func (s *Server) setGone(n *node, q *wire.Request) error {
	h := s.use(n, false)
	if h == nil || h.file == nil {
		return errStale
	}
	defer s.release(h)
	if q.Flags&wire.SetMode != 0 {
		return h.file.Chmod(fileMode(q.Mode))
	}
	return nil
}

// times are the times to set, nil for those that are not.
func times(q *wire.Request) (a, m *int64) {
	now := time.Now().UnixNano()
	pick := func(at, atNow uint32, t int64) *int64 {
		switch {
		case q.Flags&atNow != 0:
			return &now
		case q.Flags&at != 0:
			return &t
		}
		return nil
	}
	return pick(wire.SetATime, wire.SetATimeNow, q.ATime), pick(wire.SetMTime, wire.SetMTimeNow, q.MTime)
}

func (s *Server) resize(n *node, size uint64) error {
	h, err := s.file(n, true)
	if err != nil {
		return err
	}
	defer s.release(h)
	s.before(n, h)
	err = h.file.Truncate(int64(size))
	s.after(n, h)
	return err
}
