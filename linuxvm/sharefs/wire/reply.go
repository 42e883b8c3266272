package wire

import (
	"encoding/binary"
	"fmt"
)

// Attr are a file's attributes as the guest is to see them.
type Attr struct {
	// Ino and Dev say which file it is on the host; together they stay the same as long as the file lives.
	Ino, Dev uint64
	// Size in bytes, Blocks of 512 bytes.
	Size, Blocks uint64
	// Times in ns since 1970.
	ATime, MTime, CTime int64
	// Mode has the type and the permissions, as Linux says them.
	Mode, Nlink    uint32
	UID, GID, Rdev uint32
	// Flags are Keep, KeepName, Tight and Owned.
	Flags uint32
}

const (
	// Keep says that the host watches the attributes and the bytes and will tell when they change; KeepName that it does so
	// for the name, or for its absence. What is not to be kept is valid for less than a second.
	Keep uint32 = 1 << iota
	KeepName
	// Tight says that the host's disk is nearly full: the guest waits for the outcome of each write.
	Tight
	// Owned says that UID and GID were set from inside the guest, and are not just the host's user.
	Owned
)

const attrLen = 7*8 + 6*4

// Entry is a node with its attributes. A Node of 0 says that there is no such file, and only Flags of Attr count.
type Entry struct {
	// Node is the host's number for the file, until the guest forgets it or the host says another epoch.
	Node uint64
	Attr Attr
}

// StatFS is a filesystem's size and room.
type StatFS struct {
	Blocks, Free, Avail, Files, FilesFree uint64
	// BlockSize in bytes.
	BlockSize uint32
}

// Reply is any reply of the host; its Op decides which fields are sent, and none are with an Errno.
type Reply struct {
	Op Op
	ID uint64
	// Errno is 0 or a Linux error number.
	Errno uint16
	// Entry has only Attr for those that change no names.
	Entry Entry
	// Count is of bytes written, an offset found, or where a listing goes on, 0 at its end.
	Count uint64
	Stat  StatFS
	// Data shares the memory of the frame that it was read from.
	Data []byte
}

// Append adds the reply's frame to b.
func (r *Reply) Append(b []byte) []byte {
	start := len(b)
	return append(finishHead(r.AppendHead(b), start, len(r.Data)), r.Data...)
}

// AppendHead adds the reply's frame without its data, which the caller sends behind it, and returns its head. The size it
// says is of both.
func (r *Reply) AppendHead(b []byte) []byte {
	start := len(b)
	b = appendHeader(b, Header{Op: r.Op, ID: r.ID, Errno: r.Errno})
	s, _ := r.Op.shape()
	f, le := s.reply, binary.LittleEndian
	if r.Errno != 0 {
		f = 0
	}
	if f&rEntry != 0 {
		b = le.AppendUint64(b, r.Entry.Node)
	}
	if f&(rEntry|rAttr) != 0 {
		b = appendAttr(b, &r.Entry.Attr)
	}
	if f&rCount != 0 {
		b = le.AppendUint64(b, r.Count)
	}
	if f&rStatFS != 0 {
		for _, v := range []uint64{r.Stat.Blocks, r.Stat.Free, r.Stat.Avail, r.Stat.Files, r.Stat.FilesFree} {
			b = le.AppendUint64(b, v)
		}
		b = le.AppendUint32(b, r.Stat.BlockSize)
	}
	n := 0
	if f&rData != 0 {
		n = len(r.Data)
	}
	return finishHead(b, start, n)
}

func finishHead(b []byte, start, data int) []byte {
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start+data))
	return b
}

// ParseReply reads a reply from a frame.
func ParseReply(h Header, body []byte) (Reply, error) {
	r := Reply{Op: h.Op, ID: h.ID, Errno: h.Errno}
	s, ok := h.Op.shape()
	if !ok || h.ID == 0 {
		return r, fmt.Errorf("reply %s with id %d: %w", h.Op, h.ID, ErrProtocol)
	}
	d, f := decoder{b: body}, s.reply
	if h.Errno != 0 {
		f = 0
	}
	if f&rEntry != 0 {
		r.Entry.Node = d.u64()
	}
	if f&(rEntry|rAttr) != 0 {
		d.attr(&r.Entry.Attr)
	}
	if f&rCount != 0 {
		r.Count = d.u64()
	}
	if f&rStatFS != 0 {
		for _, v := range []*uint64{&r.Stat.Blocks, &r.Stat.Free, &r.Stat.Avail, &r.Stat.Files, &r.Stat.FilesFree} {
			*v = d.u64()
		}
		r.Stat.BlockSize = d.u32()
	}
	if f&rData != 0 {
		r.Data = d.take(len(d.b))
	}
	return r, d.end(h.Op)
}

func appendAttr(b []byte, a *Attr) []byte {
	le := binary.LittleEndian
	for _, v := range [...]uint64{a.Ino, a.Dev, a.Size, a.Blocks, uint64(a.ATime), uint64(a.MTime), uint64(a.CTime)} {
		b = le.AppendUint64(b, v)
	}
	for _, v := range [...]uint32{a.Mode, a.Nlink, a.UID, a.GID, a.Rdev, a.Flags} {
		b = le.AppendUint32(b, v)
	}
	return b
}

func (d *decoder) attr(a *Attr) {
	b := d.take(attrLen)
	if b == nil {
		return
	}
	u64 := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(b[7*8+4*i:]) }
	*a = Attr{
		Ino: u64(0), Dev: u64(1), Size: u64(2), Blocks: u64(3), ATime: int64(u64(4)), MTime: int64(u64(5)), CTime: int64(u64(6)),
		Mode: u32(0), Nlink: u32(1), UID: u32(2), GID: u32(3), Rdev: u32(4), Flags: u32(5),
	}
}

// DirEntry is a file in a folder. An Entry.Node of 0 says that the file was gone before it could be looked at.
type DirEntry struct {
	Name  string
	Entry Entry
}

// AppendDirEntry adds an entry to the data of a reply to OpReadDir.
func AppendDirEntry(b []byte, e *DirEntry) []byte {
	b = appendString(b, e.Name)
	return appendAttr(binary.LittleEndian.AppendUint64(b, e.Entry.Node), &e.Entry.Attr)
}

// ParseDirEntries reads the data of a reply to OpReadDir.
func ParseDirEntries(data []byte) ([]DirEntry, error) {
	d := decoder{b: data}
	list := make([]DirEntry, 0, len(data)/(attrLen+20))
	for len(d.b) > 0 && !d.bad {
		var e DirEntry
		e.Name = d.str()
		e.Entry.Node = d.u64()
		d.attr(&e.Entry.Attr)
		if !d.bad && !validName(OpReadDir, e.Name) {
			return nil, fmt.Errorf("entry %q: %w", e.Name, ErrProtocol)
		}
		list = append(list, e)
	}
	return list, d.end(OpReadDir)
}
