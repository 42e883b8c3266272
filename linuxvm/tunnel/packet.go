package tunnel

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"syscall"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// MaxDatagram is the largest payload of a datagram over IPv4, and the largest that Write takes.
const MaxDatagram = 65507

const lengthLen = 2

// packetConn is a stream of datagrams: each Write is one, each Read gets one and drops what does not fit.
type packetConn struct {
	link.Conn

	rmu sync.Mutex
	r   *bufio.Reader // begins at a datagram's length
	wmu sync.Mutex
	buf []byte // for the next Write
}

func newPacketConn(c link.Conn) *packetConn {
	return &packetConn{Conn: c, r: bufio.NewReader(c)}
}

// Read leaves a datagram that has not arrived as a whole for the next Read, so that a deadline does no harm.
func (c *packetConn) Read(p []byte) (n int, err error) {
	err = c.receive(func(b []byte) { n = copy(p, b) })
	return n, err
}

// receive gives the next datagram to f, which must not keep it.
func (c *packetConn) receive(f func([]byte)) error {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	h, err := c.peek(lengthLen)
	if err != nil {
		return err
	}
	all := lengthLen + int(binary.BigEndian.Uint16(h))
	if all > c.r.Size() {
		c.r = bufio.NewReaderSize(c.r, lengthLen+1<<16)
	}
	b, err := c.peek(all)
	if err != nil {
		return err
	}
	f(b[lengthLen:])
	_, err = c.r.Discard(all)
	return err
}

// peek returns the next n bytes; an end within a datagram is no end.
func (c *packetConn) peek(n int) ([]byte, error) {
	b, err := c.r.Peek(n)
	if err == io.EOF && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func (c *packetConn) Write(p []byte) (int, error) {
	if len(p) > MaxDatagram {
		return 0, fmt.Errorf("write datagram of %d bytes: %w", len(p), syscall.EMSGSIZE)
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.buf = appendDatagram(c.buf[:0], p)
	if _, err := c.Conn.Write(c.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// appendDatagram adds p behind its length.
func appendDatagram(b, p []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
}
