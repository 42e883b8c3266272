package link

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	// sendMessage is the largest message of yamux, with its header, that a side sends: Linux puts no more into one write
	// to a virtio-serial port. acceptMessage is the largest that a side accepts.
	sendMessage   = 32 << 10
	acceptMessage = 64 << 10
	headerLen     = 12
	readBuffer    = 64 << 10
)

// errRestarted says that the other side has left the session and begun a new handshake.
var errRestarted = errors.New("peer started over")

// transport is the byte stream under a session as the net.Conn that yamux wants. It has no deadlines: a VM that is
// paused for an hour keeps its streams. It looks at each header before yamux does, so that the rest of an old session or
// a new handshake ends this one, instead of being taken for a message of some gigabytes.
type transport struct {
	io.WriteCloser
	r      *bufio.Reader
	header int // bytes of a checked header still to be read
	body   int // bytes of the message behind it
}

var _ net.Conn = (*transport)(nil)

func newTransport(rwc io.ReadWriteCloser) *transport {
	return &transport{WriteCloser: rwc, r: bufio.NewReaderSize(rwc, readBuffer)}
}

func (t *transport) Read(p []byte) (int, error) {
	if t.header == 0 && t.body == 0 {
		h, err := t.r.Peek(headerLen)
		if err != nil {
			return 0, err
		}
		if t.body, err = bodyLen([headerLen]byte(h)); err != nil {
			return 0, err
		}
		t.header = headerLen
	}
	left := &t.header
	if t.header == 0 {
		left = &t.body
	}
	n, err := t.r.Read(p[:min(len(p), *left)])
	*left -= n
	return n, err
}

// bodyLen checks a header of yamux and returns how many bytes belong to it.
func bodyLen(h [headerLen]byte) (int, error) {
	const typeData, typeGoAway, allFlags = 0, 3, 0xf
	version, typ, flags := h[0], h[1], binary.BigEndian.Uint16(h[2:])
	switch {
	case version == filler || version == frameMagic[0]:
		return 0, errRestarted
	case version != 0 || typ > typeGoAway || flags > allFlags:
		return 0, fmt.Errorf("read message: invalid header % x", h)
	case typ != typeData:
		return 0, nil
	}
	n := binary.BigEndian.Uint32(h[8:])
	if n > acceptMessage-headerLen {
		return 0, fmt.Errorf("read message: %d bytes are too many", n)
	}
	return int(n), nil
}

func (t *transport) LocalAddr() net.Addr              { return Addr{} }
func (t *transport) RemoteAddr() net.Addr             { return Addr{} }
func (t *transport) SetDeadline(time.Time) error      { return nil }
func (t *transport) SetReadDeadline(time.Time) error  { return nil }
func (t *transport) SetWriteDeadline(time.Time) error { return nil }

// Addr is the address of a stream: the guest's port.
type Addr struct{ Port Port }

// Network is "link".
func (Addr) Network() string { return "link" }

func (a Addr) String() string { return fmt.Sprintf("guest:%d", a.Port) }
