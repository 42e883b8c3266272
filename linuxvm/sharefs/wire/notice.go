package wire

import (
	"encoding/binary"
	"fmt"
)

// Share is a folder that the guest is to mount.
type Share struct {
	// Root is the node of the folder.
	Root uint64
	// Path is where the guest mounts it, absolute and clean.
	Path     string
	ReadOnly bool
}

// AppendShares adds a notice of all that is shared now.
func AppendShares(b []byte, shares []Share) []byte {
	start := len(b)
	b = appendHeader(b, Header{Op: OpShares})
	for _, s := range shares {
		b = binary.LittleEndian.AppendUint64(b, s.Root)
		b = appendString(b, s.Path)
		b = binary.LittleEndian.AppendUint16(b, flag(s.ReadOnly))
	}
	return finish(b, start)
}

func flag(on bool) uint16 {
	if on {
		return 1
	}
	return 0
}

// ParseShares reads the body of an OpShares.
func ParseShares(body []byte) ([]Share, error) {
	d := decoder{b: body}
	var list []Share
	for len(d.b) > 0 && !d.bad {
		s := Share{Root: d.u64(), Path: d.str()}
		s.ReadOnly = d.u16() != 0
		if !d.bad && (s.Root == 0 || len(s.Path) < 2 || s.Path[0] != '/') {
			return nil, fmt.Errorf("share %q: %w", s.Path, ErrProtocol)
		}
		list = append(list, s)
	}
	return list, d.end(OpShares)
}

// Kind is what happened to a file on the host.
type Kind uint8

// The kinds of events.
const (
	Created  Kind = iota + 1
	Modified      // its bytes changed
	Closed        // it was closed by somebody who had it open for writing
	Attrib        // something else of it changed
	Deleted
	Moved // within what is watched, from Name to Name2
	MovedOut
	MovedIn
	lastKind
)

func (k Kind) String() string {
	names := [...]string{"none", "created", "modified", "closed", "attrib", "deleted", "moved", "moved out", "moved in"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Event is a change that was made on the host, in a folder that the guest has looked at.
type Event struct {
	Kind Kind
	// IsDir says that it is about a folder.
	IsDir bool
	// Dir is the node of the folder that Name is in, Dir2 that of Name2, if Moved.
	Dir, Dir2   uint64
	Name, Name2 string
	// Node of the file, 0 if the guest does not know it.
	Node uint64
}

// AppendEvents adds a notice of events, in the order in which they happened.
func AppendEvents(b []byte, events []Event) []byte {
	start := len(b)
	b = appendHeader(b, Header{Op: OpEvents})
	for i := range events {
		e := &events[i]
		b = append(b, byte(e.Kind), byte(flag(e.IsDir)))
		for _, v := range [...]uint64{e.Dir, e.Dir2, e.Node} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		b = appendString(appendString(b, e.Name), e.Name2)
	}
	return finish(b, start)
}

// ParseEvents reads the body of an OpEvents.
func ParseEvents(body []byte) ([]Event, error) {
	d := decoder{b: body}
	var list []Event
	for len(d.b) > 0 && !d.bad {
		var e Event
		if kind := d.take(2); kind != nil {
			e.Kind, e.IsDir = Kind(kind[0]), kind[1] != 0
		}
		e.Dir, e.Dir2, e.Node = d.u64(), d.u64(), d.u64()
		e.Name, e.Name2 = d.str(), d.str()
		if !d.bad && (e.Kind == 0 || e.Kind >= lastKind || !validName(OpLookup, e.Name) || e.Kind == Moved && !validName(OpLookup, e.Name2)) {
			return nil, fmt.Errorf("event %s of %q: %w", e.Kind, e.Name, ErrProtocol)
		}
		list = append(list, e)
	}
	return list, d.end(OpEvents)
}

// AppendReset adds a notice that all cached of the share with a root may be wrong, 0 for all shares.
func AppendReset(b []byte, root uint64) []byte {
	start := len(b)
	return finish(binary.LittleEndian.AppendUint64(appendHeader(b, Header{Op: OpReset}), root), start)
}

// ParseReset reads the body of an OpReset.
func ParseReset(body []byte) (root uint64, err error) {
	d := decoder{b: body}
	root = d.u64()
	return root, d.end(OpReset)
}
