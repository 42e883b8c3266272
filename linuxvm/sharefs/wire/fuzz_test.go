package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func FuzzReadFrame(f *testing.F) {
	q := Request{Op: OpLookup, ID: 1, Node: 1, Name: "a"}
	f.Add(q.Append(nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		for {
			h, body, err := ReadFrame(r, nil)
			if err != nil {
				if !errors.Is(err, ErrProtocol) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatal(err)
				}
				return
			}
			if int(h.Size) != headerLen+len(body) {
				t.Fatalf("size %d of %d", h.Size, len(body))
			}
		}
	})
}

// seeds are one frame of each request and reply.
func seeds() [][]byte {
	var all [][]byte
	for op := OpHello; op < lastRequest; op++ {
		q := Request{
			Op: op, ID: 7, Node: 1, Node2: 2, Name: "name", Name2: "other", Off: 1 << 40, Size: 4096, Mode: 0o100644, Flags: 3,
			UID: 999, GID: 998, ATime: -1, MTime: 1 << 60, Rdev: 5, Data: []byte("data"),
		}
		r := Reply{Op: op, ID: 7, Entry: Entry{3, Attr{Ino: 1, Mode: 2, Flags: Keep}}, Count: 9, Stat: StatFS{BlockSize: 4096}, Data: []byte("data")}
		e := Reply{Op: op, ID: 7, Errno: 2}
		all = append(all, q.Append(nil), r.AppendHead(nil), r.Append(nil), e.Append(nil))
	}
	return all
}

func FuzzRequest(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h, body, err := ReadFrame(bytes.NewReader(in), nil)
		if err != nil {
			return
		}
		q, err := ParseRequest(h, body)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Fatal(err)
			}
			return
		}
		h2, body2, err := ReadFrame(bytes.NewReader(q.Append(nil)), nil)
		if err != nil || h2.Size != h.Size || !bytes.Equal(body, body2) {
			t.Fatalf("%+v is written % x, not % x (%v)", q, body2, body, err)
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h, body, err := ReadFrame(bytes.NewReader(in), nil)
		if err != nil {
			return
		}
		r, err := ParseReply(h, body)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Fatal(err)
			}
			return
		}
		h2, body2, err := ReadFrame(bytes.NewReader(r.Append(nil)), nil)
		if err != nil || h2.Size != h.Size || !bytes.Equal(body, body2) {
			t.Fatalf("%+v is written % x, not % x (%v)", r, body2, body, err)
		}
	})
}

func FuzzNotices(f *testing.F) {
	f.Add(AppendShares(nil, []Share{{1, "/home/me", true}, {2, "/srv", false}})[headerLen:])
	f.Add(AppendEvents(nil, []Event{{Kind: Moved, Dir: 1, Dir2: 2, Name: "a", Name2: "b", Node: 3}})[headerLen:])
	f.Add(AppendReset(nil, 5)[headerLen:])
	f.Add(AppendDirEntry(nil, &DirEntry{"a", Entry{1, Attr{Ino: 4}}}))
	f.Add(AppendForget(nil, 1, 2))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := ParseShares(body); err == nil && len(s) > 0 {
			if s2, err := ParseShares(AppendShares(nil, s)[headerLen:]); err != nil || len(s2) != len(s) {
				t.Fatal(s, s2, err)
			}
		}
		if e, err := ParseEvents(body); err == nil && len(e) > 0 {
			if e2, err := ParseEvents(AppendEvents(nil, e)[headerLen:]); err != nil || len(e2) != len(e) || e2[0] != e[0] {
				t.Fatal(e, e2, err)
			}
		}
		if root, err := ParseReset(body); err == nil && !bytes.Equal(AppendReset(nil, root)[headerLen:], body) {
			t.Fatal(root)
		}
		if list, err := ParseDirEntries(body); err == nil {
			var b []byte
			for i := range list {
				b = AppendDirEntry(b, &list[i])
			}
			if !bytes.Equal(b, body) {
				t.Fatalf("% x became % x", body, b)
			}
		}
		var b []byte
		if err := Forgets(body, func(node, n uint64) { b = AppendForget(b, node, n) }); err == nil && !bytes.Equal(b, body) {
			t.Fatalf("% x became % x", body, b)
		}
	})
}
