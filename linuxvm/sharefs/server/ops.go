package server

import (
	"errors"
	"io"
	"syscall"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// do carries a request out.
func (s *Server) do(q *wire.Request, r *wire.Reply) error {
	n, err := s.node(q.Node)
	if err != nil {
		return err
	}
	switch q.Op {
	case wire.OpLookup:
		return s.lookup(n, q, r)
	case wire.OpGetAttr:
		return s.attrOf(n, &r.Entry.Attr)
	case wire.OpReadlink:
		return s.readlink(n, r)
	case wire.OpRead:
		return s.read(n, q, r)
	case wire.OpSeek:
		return s.seek(n, q, r)
	case wire.OpStatFS:
		return s.statFS(n, r)
	case wire.OpReadDir:
		return s.readDir(n, q, r)
	case wire.OpGetXattr, wire.OpListXattr:
		return s.readXattr(n, q, r)
	case wire.OpFsync:
		return s.fsync(n, q)
	}
	if err := n.writable(); err != nil {
		return err
	}
	return s.change(n, q, r)
}

// change carries out a request that changes something.
func (s *Server) change(n *node, q *wire.Request, r *wire.Reply) error {
	switch q.Op {
	case wire.OpSetAttr:
		return s.setAttr(n, q, r)
	case wire.OpWrite:
		return s.write(n, q, r)
	case wire.OpFallocate:
		return s.fallocate(n, q)
	case wire.OpSymlink, wire.OpMknod, wire.OpMkdir:
		return s.make(n, q, r)
	case wire.OpLink:
		return s.link(n, q, r)
	case wire.OpUnlink, wire.OpRmdir:
		return s.remove(n, q)
	case wire.OpRename:
		return s.rename(n, q)
	case wire.OpSetXattr, wire.OpRemoveXattr:
		return s.changeXattr(n, q)
	}
	return syscall.ENOSYS
}

// lookup finds a name. That there is none is an answer too, which the guest may keep if the folder is watched.
func (s *Server) lookup(n *node, q *wire.Request, r *wire.Reply) error {
	h, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(h)
	keep := s.look(n, h.folder)
	err = s.entry(n, h.folder, q.Name, keep, &r.Entry)
	if err == nil && r.Entry.Attr.Mode&typeMask == typeFolder && keep != 0 {
		s.enter(&r.Entry)
	}
	if errors.Is(err, syscall.ENOENT) {
		r.Entry.Attr.Flags = keep & wire.KeepName
		return nil
	}
	return err
}

// enter begins to watch a folder that was found by its name. Who watches it in the guest does not look into it.
func (s *Server) enter(e *wire.Entry) {
	n, err := s.node(e.Node)
	if err != nil || s.watched(n) {
		return
	}
	h, err := s.folder(n)
	if err != nil {
		return
	}
	defer s.release(h)
	if s.look(n, h.folder) != 0 {
		e.Attr.Flags |= wire.Keep | wire.KeepName
	}
}

// entry fills in what a name in an open folder stands for, and counts that the guest gets to know it.
func (s *Server) entry(parent *node, f folder, name string, keep uint32, e *wire.Entry) error {
	i, err := f.stat(name)
	if err != nil {
		return err
	}
	n := s.reference(parent, name, &i)
	e.Node = n.id
	s.observe(n, &i)
	s.fill(n, f, name, &i, &e.Attr)
	e.Attr.Flags |= keep
	s.limit(n, &i, &e.Attr)
	return nil
}

// attrOf is a node's attributes.
func (s *Server) attrOf(n *node, a *wire.Attr) error {
	i, err := s.stat(n)
	if err != nil {
		return err
	}
	s.observe(n, &i)
	if n == n.share.root { // it is found by no name
		if h, err := s.folder(n); err == nil {
			s.look(n, h.folder)
			s.release(h)
		}
	}
	if up, name, err := s.above(n); err == nil {
		s.fill(n, up.folder, name, &i, a)
		s.release(up)
	} else {
		s.fill(n, nil, "", &i, a)
	}
	s.keepAttr(n, &i, a)
	return nil
}

// keepAttr says whether the guest may keep a node's attributes.
func (s *Server) keepAttr(n *node, i *info, a *wire.Attr) {
	parent, _ := s.where(n)
	if parent == nil && s.watched(n) || parent != nil && s.watched(parent) {
		a.Flags |= wire.Keep
	}
	s.limit(n, i, a)
}

func (s *Server) readlink(n *node, r *wire.Reply) error {
	up, name, err := s.above(n)
	if err != nil {
		return err
	}
	defer s.release(up)
	target, err := up.folder.readlink(name)
	r.Data = []byte(target)
	return err
}

func (s *Server) read(n *node, q *wire.Request, r *wire.Reply) error {
	h, err := s.file(n, false)
	if err != nil {
		return err
	}
	defer s.release(h)
	buf := make([]byte, q.Size)
	got, err := h.file.ReadAt(buf, int64(q.Off))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	r.Data = buf[:got]
	return err
}

func (s *Server) write(n *node, q *wire.Request, r *wire.Reply) error {
	h, err := s.file(n, true)
	if err != nil {
		return err
	}
	defer s.release(h)
	s.before(n, h)
	got, err := h.file.WriteAt(q.Data, int64(q.Off))
	s.after(n, h)
	r.Count = uint64(got)
	if err != nil {
		return err
	}
	i, err := statFile(h.file)
	if err != nil {
		return err
	}
	if up, name, err := s.above(n); err == nil {
		s.fill(n, up.folder, name, &i, &r.Entry.Attr)
		s.release(up)
		s.keepAttr(n, &i, &r.Entry.Attr)
	} else {
		s.fill(n, nil, "", &i, &r.Entry.Attr)
	}
	if tight(h.file) {
		r.Entry.Attr.Flags |= wire.Tight
	}
	return nil
}

func (s *Server) fsync(n *node, q *wire.Request) error {
	if n.typ == typeFolder {
		return syncFolder(s, n)
	}
	h, err := s.file(n, false)
	if err != nil {
		return err
	}
	defer s.release(h)
	return syncFile(h.file, q.Flags&1 != 0)
}

func (s *Server) seek(n *node, q *wire.Request, r *wire.Reply) error {
	h, err := s.file(n, false)
	if err != nil {
		return err
	}
	defer s.release(h)
	off, err := seekHole(h.file, int64(q.Off), q.Flags)
	r.Count = uint64(off)
	return err
}

func (s *Server) fallocate(n *node, q *wire.Request) error {
	h, err := s.file(n, true)
	if err != nil {
		return err
	}
	defer s.release(h)
	s.before(n, h)
	err = allocate(h.file, q.Mode, int64(q.Off), int64(q.Size))
	s.after(n, h)
	return err
}

func (s *Server) statFS(n *node, r *wire.Reply) (err error) {
	h, err := s.folder(n.share.root)
	if err != nil {
		return err
	}
	defer s.release(h)
	r.Stat, err = room(h.folder)
	return err
}

// readDir lists a folder from an offset on. The listing of one time is kept until it was read to its end, or until other
// folders were listed.
func (s *Server) readDir(n *node, q *wire.Request, r *wire.Reply) error {
	h, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(h)
	keep := s.look(n, h.folder)
	names, err := h.folder.names()
	if err != nil {
		return err
	}
	at := int(min(q.Off, uint64(len(names))))
	const enough = wire.MaxData - 1024
	for at < len(names) && len(r.Data) < enough {
		e := wire.DirEntry{Name: names[at]}
		at++
		if !validName(e.Name) {
			continue
		}
		if err := s.entry(n, h.folder, e.Name, keep, &e.Entry); err != nil && !errors.Is(err, syscall.ENOENT) {
			s.log.Debug("look at a file in a listing", "error", err)
		}
		if e.Entry.Node != 0 {
			r.Data = wire.AppendDirEntry(r.Data, &e)
		}
	}
	if at < len(names) {
		r.Count = uint64(at)
	}
	return nil
}

func validName(name string) bool { return name != "" && len(name) <= wire.MaxName }
