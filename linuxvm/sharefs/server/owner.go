package server

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// ownPrefix begins the extended attributes that are the server's own; the guest sees none of them.
const ownPrefix = "user.wherry."

// ownerAttr holds an owner as text.
const ownerAttr = ownPrefix + "owner"

// owner is what the guest has set of a file that the host does not hold.
type owner struct {
	uid, gid uint32
	// mode is the type of a file that could only be made as a regular one, else 0; rdev its device.
	mode, rdev uint32
}

func (o owner) text() []byte {
	if o.mode == 0 {
		return fmt.Appendf(nil, "%d:%d", o.uid, o.gid)
	}
	return fmt.Appendf(nil, "%d:%d:%o:%d", o.uid, o.gid, o.mode, o.rdev)
}

func parseOwner(text string) (o owner, ok bool) {
	var n int
	if strings.Count(text, ":") == 3 {
		n, _ = fmt.Sscanf(text, "%d:%d:%o:%d", &o.uid, &o.gid, &o.mode, &o.rdev)
		return o, n == 4 && o.mode&^typeMask == 0
	}
	n, _ = fmt.Sscanf(text, "%d:%d", &o.uid, &o.gid)
	return o, n == 2
}

// ownerOf is what was set of a file in an open folder.
func (s *Server) ownerOf(_ *share, f folder, name string, _ *info) (owner, bool) {
	b, err := f.getxattr(name, ownerAttr)
	if err != nil {
		return owner{}, false
	}
	return parseOwner(string(b))
}

// setOwner keeps an owner with the file. Where that cannot be, the file stays everybody's.
func (s *Server) setOwner(_ *share, f folder, name string, o owner) {
	if err := f.setxattr(name, ownerAttr, o.text(), 0); err != nil {
		s.log.Debug("an owner cannot be kept", "name", name, "error", err)
	}
}

// chown keeps the owner that the guest sets.
func (s *Server) chown(n *node, f folder, name string, q *wire.Request) error {
	i, err := f.stat(name)
	if name == "" {
		i, err = f.self()
	}
	if err != nil {
		return stale(err)
	}
	if ident(n.share, &i) != n.ident {
		return errStale
	}
	o, ok := s.ownerOf(n.share, f, name, &i)
	if !ok {
		o.uid, o.gid = shown(&i)
	}
	if q.Flags&wire.SetUID != 0 {
		o.uid = q.UID
	}
	if q.Flags&wire.SetGID != 0 {
		o.gid = q.GID
	}
	s.setOwner(n.share, f, name, o)
	if i.is(typeFile) && i.mode&0o6000 != 0 {
		return f.chmod(name, i.mode&0o1777)
	}
	return nil
}

// shown is who a file belongs to in the guest if nobody there has said otherwise: what is the user's is root's.
func shown(i *info) (uid, gid uint32) {
	if int(i.uid) == os.Geteuid() || os.Geteuid() < 0 {
		return 0, 0
	}
	return i.uid, i.gid
}

// fill is a file's attributes as the guest is to see them. f is the folder it is in, nil if it is in none.
func (s *Server) fill(n *node, f folder, name string, i *info, a *wire.Attr) {
	*a = wire.Attr{
		Ino: i.ino, Dev: i.dev, Size: i.size, Blocks: i.blocks, ATime: i.atime, MTime: i.mtime, CTime: i.ctime,
		Mode: i.mode, Nlink: i.nlink, Rdev: i.rdev,
	}
	a.UID, a.GID = shown(i)
	if f == nil || i.is(typeLink) {
		return
	}
	if o, ok := s.ownerOf(n.share, f, name, i); ok {
		a.UID, a.GID = o.uid, o.gid
		a.Flags |= wire.Owned
		if o.mode != 0 && i.is(typeFile) {
			a.Mode, a.Rdev = i.mode&^typeMask|o.mode, o.rdev
		}
	}
}

// readXattr gets or lists extended attributes.
func (s *Server) readXattr(n *node, q *wire.Request, r *wire.Reply) error {
	up, name, err := s.above(n)
	if err != nil {
		return err
	}
	defer s.release(up)
	if q.Op == wire.OpGetXattr {
		if !guestAttr(q.Name) {
			return errNoData
		}
		r.Data, err = up.folder.getxattr(name, q.Name)
		return err
	}
	all, err := up.folder.listxattr(name)
	if errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	for attr := range strings.SplitSeq(string(all), "\x00") {
		if guestAttr(attr) {
			r.Data = append(append(r.Data, attr...), 0)
		}
	}
	return err
}

func (s *Server) changeXattr(n *node, q *wire.Request) error {
	if !guestAttr(q.Name) {
		return syscall.ENOTSUP
	}
	up, name, err := s.above(n)
	if err != nil {
		return err
	}
	defer s.release(up)
	if q.Op == wire.OpRemoveXattr {
		return up.folder.removexattr(name, q.Name)
	}
	return up.folder.setxattr(name, q.Name, q.Data, int(q.Flags))
}

// guestAttr says which extended attributes the guest may use.
func guestAttr(name string) bool {
	return strings.HasPrefix(name, "user.") && !strings.HasPrefix(name, ownPrefix)
}
