package wire

import (
	"encoding/binary"
	"fmt"
)

// Request is any request of the guest; its Op decides which fields are sent, the others are zero.
type Request struct {
	Op Op
	// ID is the guest's choice, never 0.
	ID uint64
	// Node is what the request is about: a file, or the folder that Name is in. Node2 is the folder of Name2, or for
	// OpLink the file to be linked.
	Node, Node2 uint64
	Name, Name2 string
	Off         uint64
	// Size is the number of bytes to read or allocate, or a file's new size.
	Size uint64
	// Mode is a file's type and permissions, or the mode of OpFallocate.
	Mode uint32
	// Flags are the Set bits of OpSetAttr, the flags of renameat2, setxattr, the whence of OpSeek, 1 for a data-only
	// OpFsync, the version of OpHello.
	Flags    uint32
	UID, GID uint32
	// ATime and MTime are in ns since 1970.
	ATime, MTime int64
	Rdev         uint32
	// Data shares the memory of the frame that it was read from.
	Data []byte
}

// What an OpSetAttr sets.
const (
	SetMode uint32 = 1 << iota
	SetUID
	SetGID
	SetSize
	SetATime
	SetMTime
	SetATimeNow
	SetMTimeNow
)

// Append adds the request's frame to b.
func (q *Request) Append(b []byte) []byte {
	b = q.AppendHead(b)
	if s, _ := q.Op.shape(); s.request&qData != 0 {
		b = append(b, q.Data...)
	}
	return b
}

// AppendHead adds the request's frame without its data, which the caller sends behind it. The size it says is of both.
func (q *Request) AppendHead(b []byte) []byte {
	start := len(b)
	b = appendHeader(b, Header{Op: q.Op, ID: q.ID})
	s, _ := q.Op.shape()
	f, le := s.request, binary.LittleEndian
	if f&qNode != 0 {
		b = le.AppendUint64(b, q.Node)
	}
	if f&qNode2 != 0 {
		b = le.AppendUint64(b, q.Node2)
	}
	if f&qName != 0 {
		b = appendString(b, q.Name)
	}
	if f&qName2 != 0 {
		b = appendString(b, q.Name2)
	}
	if f&qOff != 0 {
		b = le.AppendUint64(b, q.Off)
	}
	if f&qSize != 0 {
		b = le.AppendUint64(b, q.Size)
	}
	if f&qMode != 0 {
		b = le.AppendUint32(b, q.Mode)
	}
	if f&qFlags != 0 {
		b = le.AppendUint32(b, q.Flags)
	}
	if f&qOwner != 0 {
		b = le.AppendUint32(le.AppendUint32(b, q.UID), q.GID)
	}
	if f&qTimes != 0 {
		b = le.AppendUint64(le.AppendUint64(b, uint64(q.ATime)), uint64(q.MTime))
	}
	if f&qRdev != 0 {
		b = le.AppendUint32(b, q.Rdev)
	}
	n := 0
	if f&qData != 0 {
		n = len(q.Data)
	}
	return finishHead(b, start, n)
}

// ParseRequest reads a request from a frame. Names are checked: none is empty, too long, "." or "..", or has a slash or a
// zero byte in it.
func ParseRequest(h Header, body []byte) (Request, error) {
	q := Request{Op: h.Op, ID: h.ID}
	s, ok := h.Op.shape()
	if !ok || h.ID == 0 {
		return q, fmt.Errorf("request %s with id %d: %w", h.Op, h.ID, ErrProtocol)
	}
	d, f := decoder{b: body}, s.request
	if f&qNode != 0 {
		q.Node = d.u64()
	}
	if f&qNode2 != 0 {
		q.Node2 = d.u64()
	}
	if f&qName != 0 {
		q.Name = d.str()
	}
	if f&qName2 != 0 {
		q.Name2 = d.str()
	}
	if f&qOff != 0 {
		q.Off = d.u64()
	}
	if f&qSize != 0 {
		q.Size = d.u64()
	}
	if f&qMode != 0 {
		q.Mode = d.u32()
	}
	if f&qFlags != 0 {
		q.Flags = d.u32()
	}
	if f&qOwner != 0 {
		q.UID, q.GID = d.u32(), d.u32()
	}
	if f&qTimes != 0 {
		q.ATime, q.MTime = int64(d.u64()), int64(d.u64())
	}
	if f&qRdev != 0 {
		q.Rdev = d.u32()
	}
	if f&qData != 0 {
		q.Data = d.take(len(d.b))
	}
	if err := d.end(h.Op); err != nil {
		return q, err
	}
	return q, q.check(f)
}

// check refuses what no request may ask.
func (q *Request) check(f field) error {
	switch {
	case f&qName != 0 && !validName(q.Op, q.Name), f&qName2 != 0 && !validName(q.Op, q.Name2):
		return fmt.Errorf("%s of name %q and %q: %w", q.Op, q.Name, q.Name2, ErrProtocol)
	case len(q.Data) > MaxData:
		return fmt.Errorf("%s of %d bytes: %w", q.Op, len(q.Data), ErrProtocol)
	case q.Op == OpRead && q.Size > MaxData:
		return fmt.Errorf("read of %d bytes: %w", q.Size, ErrProtocol)
	}
	return nil
}

func validName(op Op, s string) bool {
	xattr := op == OpGetXattr || op == OpSetXattr || op == OpRemoveXattr
	for i := range len(s) {
		if s[i] == 0 || s[i] == '/' && !xattr {
			return false
		}
	}
	return s != "" && s != "." && s != ".." && len(s) <= MaxName
}

// AppendForget adds the forgetting of n references to a node to the data of an OpForget.
func AppendForget(b []byte, node, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, node), n)
}

// Forgets calls f with each node and number of references in the data of an OpForget.
func Forgets(data []byte, f func(node, n uint64)) error {
	d := decoder{b: data}
	for len(d.b) > 0 && !d.bad {
		if node, n := d.u64(), d.u64(); !d.bad {
			f(node, n)
		}
	}
	return d.end(OpForget)
}
