package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Version of the protocol. Both sides must speak the same one: guest and host are released together, and a guest that an
// update of Wherry finds running is told so and started anew.
const Version = 1

const (
	headerLen = 16
	// MaxData is the most that one read or write carries.
	MaxData = 1 << 20
	// MaxFrame is the largest frame, with its header.
	MaxFrame = MaxData + 64<<10
	// MaxName is the longest name in a folder, in bytes.
	MaxName = 255
)

// ErrProtocol is the cause of all errors of frames that break the protocol's rules.
var ErrProtocol = errors.New("protocol violation")

// Header begins each frame.
type Header struct {
	// Size of the frame with its header, in bytes.
	Size uint32
	Op   Op
	// Errno is 0 or a Linux error number; in replies only.
	Errno uint16
	// ID of the request that this is, or that this answers; 0 in notices.
	ID uint64
}

// appendHeader adds a header whose size is filled in by finish.
func appendHeader(b []byte, h Header) []byte {
	b = append(b, 0, 0, 0, 0, byte(h.Op), 0)
	b = binary.LittleEndian.AppendUint16(b, h.Errno)
	return binary.LittleEndian.AppendUint64(b, h.ID)
}

// finish fills in the size of the frame that begins at start.
func finish(b []byte, start int) []byte {
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// ReadFrame reads one frame into buf, which grows if need be, and returns its header and what follows it. The body is
// valid until buf is used again.
func ReadFrame(r io.Reader, buf []byte) (Header, []byte, error) {
	var raw [headerLen]byte
	if _, err := io.ReadFull(r, raw[:]); err != nil {
		return Header{}, nil, err
	}
	h := Header{
		Size: binary.LittleEndian.Uint32(raw[:]), Op: Op(raw[4]),
		Errno: binary.LittleEndian.Uint16(raw[6:]), ID: binary.LittleEndian.Uint64(raw[8:]),
	}
	if h.Size < headerLen || h.Size > MaxFrame {
		return h, nil, fmt.Errorf("frame of %d bytes: %w", h.Size, ErrProtocol)
	}
	n := int(h.Size) - headerLen
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return h, nil, err
	}
	return h, buf, nil
}

// decoder takes values from the front of b; after an error all values are zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) u16() uint16 {
	if v := d.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if v := d.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if v := d.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

// str is a string behind its length as 2 bytes.
func (d *decoder) str() string { return string(d.take(int(d.u16()))) }

// end is nil if all of the body was taken, no more and no less.
func (d *decoder) end(op Op) error {
	if d.bad || len(d.b) > 0 {
		return fmt.Errorf("body of %s does not fit: %w", op, ErrProtocol)
	}
	return nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
}
