package server

import (
	"container/list"
	"errors"
	"os"
	"syscall"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// identity tells files apart, also one that got the number of a deleted one.
type identity struct {
	share    *share
	dev, ino uint64
	birth    int64
}

// node is a file that the guest knows.
type node struct {
	id    uint64
	share *share
	ident identity
	typ   uint32
	// The rest is the server's, under mu. parent is nil for the root of a share.
	parent *node
	name   string
	refs   uint64
	// gone says that its last name was removed by the guest: it lives on in its handle.
	gone   bool
	handle *handle
	tail   chan struct{} // closed when all changes before are made
	seen   state
	busy   int // changes that the guest makes to its content
	watch  int // the watcher's name of the folder, 0 if it is not watched
}

// handle is an open file or folder. It is closed when it is dropped and nobody uses it.
type handle struct {
	node    *node
	folder  folder
	file    *os.File
	write   bool // file is open for writing
	pinned  bool
	users   int
	dropped bool
	place   *list.Element
}

// shut closes a handle. It is called under mu.
func (s *Server) shut(h *handle) {
	if n := h.node; n != nil && h.write && !n.gone && n.parent != nil && n.parent.watch != 0 {
		if i, err := statFile(h.file); err == nil && i.nlink > 0 { // else there is no event
			s.expect(token{n.parent, n.name, wire.Closed})
		}
	}
	if h.folder != nil {
		h.folder.close()
	} else {
		h.file.Close()
	}
}

// newNode makes a node without references.
func (s *Server) newNode(sh *share, parent *node, name string, i *info) *node {
	s.next++
	n := &node{id: s.next, share: sh, ident: ident(sh, i), typ: i.mode & typeMask, parent: parent, name: name}
	s.nodes[n.id] = n
	s.known[n.ident] = n
	return n
}

func ident(sh *share, i *info) identity { return identity{sh, i.dev, i.ino, i.birth} }

// reference is the node of a file that was found under a name; the guest holds it once more.
func (s *Server) reference(parent *node, name string, i *info) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.known[ident(parent.share, i)]
	if n == nil {
		n = s.newNode(parent.share, parent, name, i)
	} else if n.parent != nil {
		n.parent, n.name = parent, name
	}
	n.refs++
	return n
}

// forget takes references back.
func (s *Server) forget(id, count uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[id]
	if n == nil || n.parent == nil {
		return
	}
	n.refs -= min(n.refs, count)
	if n.refs == 0 {
		s.forgetNode(n)
	}
}

func (s *Server) forgetNode(n *node) {
	delete(s.nodes, n.id)
	if s.known[n.ident] == n {
		delete(s.known, n.ident)
	}
	s.unwatch(n)
	s.drop(n)
}

// drop gives up a node's handle.
func (s *Server) drop(n *node) {
	h := n.handle
	if h == nil {
		return
	}
	n.handle = nil
	h.dropped = true
	s.open.Remove(h.place)
	if h.users == 0 {
		s.shut(h)
	}
}

// node finds a node by its number.
func (s *Server) node(id uint64) (*node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nodes[id]; n != nil {
		return n, nil
	}
	return nil, errStale
}

// keep makes h the handle of n, or of the one who was faster, and uses it.
func (s *Server) keep(n *node, h *handle) *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	if had := n.handle; had != nil {
		if h.folder != nil || had.write || !h.write {
			h.node = n
			s.shut(h)
			had.users++
			return had
		}
		h.pinned = had.pinned
		s.drop(n)
	}
	h.node, h.users = n, 1
	if s.nodes[n.id] != n { // forgotten meanwhile
		h.dropped = true
		return h
	}
	h.place = s.open.PushBack(h)
	n.handle = h
	s.shrink()
	return h
}

// shrink closes what was not used for the longest time.
func (s *Server) shrink() {
	for e := s.open.Front(); e != nil && s.open.Len() > s.handles; {
		next := e.Next()
		if h := e.Value.(*handle); h.users == 0 && !h.pinned {
			s.drop(h.node)
		}
		e = next
	}
}

// use takes a node's handle, if it has one that serves.
func (s *Server) use(n *node, write bool) *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := n.handle
	if h == nil || write && h.file != nil && !h.write {
		return nil
	}
	h.users++
	s.open.MoveToBack(h.place)
	return h
}

// release ends a use.
func (s *Server) release(h *handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.users--
	if h.dropped && h.users == 0 {
		s.shut(h)
	}
}

// where is the folder that a node is in, and its name there.
func (s *Server) where(n *node) (parent *node, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return n.parent, n.name
}

// folder opens a node that is a folder; the caller releases the handle.
func (s *Server) folder(n *node) (*handle, error) {
	if n.typ != typeFolder {
		return nil, syscall.ENOTDIR
	}
	if h := s.use(n, false); h != nil {
		return h, nil
	}
	parent, name := s.where(n)
	if parent == nil {
		f, err := n.share.top.sub(".")
		if err != nil {
			return nil, err
		}
		return s.keep(n, &handle{folder: f}), nil
	}
	up, err := s.folder(parent)
	if err != nil {
		return nil, err
	}
	defer s.release(up)
	f, err := up.folder.sub(name)
	if err != nil {
		return nil, stale(err)
	}
	i, err := f.self()
	if err != nil || ident(n.share, &i) != n.ident {
		f.close()
		return nil, errStale
	}
	return s.keep(n, &handle{folder: f}), nil
}

// file opens a node that is a regular file; the caller releases the handle.
func (s *Server) file(n *node, write bool) (*handle, error) {
	if h := s.use(n, write); h != nil {
		return h, nil
	}
	if n.typ != typeFile {
		return nil, syscall.EINVAL
	}
	up, name, err := s.above(n)
	if err != nil {
		return nil, err
	}
	defer s.release(up)
	f, err := up.folder.open(name, write)
	if err != nil {
		return nil, stale(err)
	}
	i, err := statFile(f)
	if err != nil || ident(n.share, &i) != n.ident {
		f.Close()
		return nil, errStale
	}
	return s.keep(n, &handle{file: f, write: write}), nil
}

// above opens the folder that a node is in; the caller releases the handle. For the root of a share it is the root itself,
// and the name is empty.
func (s *Server) above(n *node) (*handle, string, error) {
	parent, name := s.where(n)
	if parent == nil {
		h, err := s.folder(n)
		return h, "", err
	}
	s.mu.Lock()
	gone := n.gone
	s.mu.Unlock()
	if gone {
		return nil, "", errStale
	}
	h, err := s.folder(parent)
	return h, name, err
}

// stat is a node's info.
func (s *Server) stat(n *node) (info, error) {
	if n.typ == typeFile {
		if h := s.use(n, false); h != nil {
			defer s.release(h)
			return statFile(h.file)
		}
	}
	if n.typ == typeFolder {
		h, err := s.folder(n)
		if err != nil {
			return info{}, err
		}
		defer s.release(h)
		return h.folder.self()
	}
	up, name, err := s.above(n)
	if err != nil {
		return info{}, err
	}
	defer s.release(up)
	i, err := up.folder.stat(name)
	if err != nil {
		return info{}, stale(err)
	}
	if ident(n.share, &i) != n.ident {
		return info{}, errStale
	}
	return i, nil
}

// stale is the error of a node whose place is not what it was.
func stale(err error) error {
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return errStale
	}
	return err
}

// writable is an error for what must not be changed.
func (n *node) writable() error {
	if n.share.ReadOnly {
		return syscall.EROFS
	}
	return nil
}
