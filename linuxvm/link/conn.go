package link

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/libp2p/go-yamux/v5"
)

// lingerTime is how long a stream that was closed waits for the peer to close it too, as TCP does in FIN_WAIT_2.
const lingerTime = time.Minute

// stream is a Conn on a stream of yamux, whose manners it makes TCP's: writers do not run into each other, and a peer
// that writes to a closed stream learns of it instead of waiting for a window that nobody opens.
type stream struct {
	s    *yamux.Stream
	addr Addr
	// after runs what Close leaves to be done; it is the session's, which waits for it.
	after func(func())

	rmu, wmu sync.Mutex
	ended    bool // the peer's end was read; under rmu
	closed   atomic.Bool
}

var _ Conn = (*stream)(nil)

func (c *stream) LocalAddr() net.Addr                { return c.addr }
func (c *stream) RemoteAddr() net.Addr               { return c.addr }
func (c *stream) SetDeadline(t time.Time) error      { return c.s.SetDeadline(t) }
func (c *stream) SetReadDeadline(t time.Time) error  { return c.s.SetReadDeadline(t) }
func (c *stream) SetWriteDeadline(t time.Time) error { return c.s.SetWriteDeadline(t) }

func (c *stream) Read(p []byte) (int, error) {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.closed.Load() {
		return 0, c.failed("read", net.ErrClosed)
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.s.Read(p)
	if n > 0 {
		if err != nil {
			// The window was to be opened and was not: the deadline passed, or the session ended.
			_ = c.s.Reset()
		}
		return n, nil
	}
	if err == io.EOF {
		c.ended = true
		return 0, io.EOF
	}
	return 0, c.failed("read", err)
}

func (c *stream) Write(p []byte) (int, error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	n, err := c.s.Write(p)
	return n, c.failed("write", err)
}

func (c *stream) CloseWrite() error { return c.failed("close", c.s.CloseWrite()) }

// Reset also cuts short what Close leaves to be done.
func (c *stream) Reset() error {
	c.closed.Store(true)
	return c.s.Reset()
}

// Close ends writing; what the peer still sends, and did not send before, is answered with a reset.
func (c *stream) Close() error {
	if c.closed.Swap(true) {
		return c.failed("close", net.ErrClosed)
	}
	_ = c.s.SetReadDeadline(time.Unix(1, 0)) // also ends a Read that waits
	_ = c.s.CloseWrite()                     // fails if the stream was reset, which closes it as well
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.ended || c.settle() {
		return nil
	}
	c.after(func() {
		_ = c.s.SetReadDeadline(time.Now().Add(lingerTime))
		if !c.settle() {
			_ = c.s.Reset()
		}
	})
	return nil
}

// settle waits, as long as the deadline for reading lets it, for how the peer ends the stream. It is false when the
// peer has not.
func (c *stream) settle() bool {
	n, err := c.s.Read(make([]byte, 1))
	if n > 0 {
		_ = c.s.Reset()
		return true
	}
	return !errors.Is(err, yamux.ErrTimeout)
}

// failed is err as the net package would say it.
func (c *stream) failed(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.closed.Load():
		err = net.ErrClosed
	case errors.Is(err, yamux.ErrTimeout):
		err = os.ErrDeadlineExceeded
	case errors.Is(err, yamux.ErrStreamClosed):
		err = syscall.EPIPE
	default:
		err = syscall.ECONNRESET
	}
	return &net.OpError{Op: op, Net: c.addr.Network(), Addr: c.addr, Err: err}
}
