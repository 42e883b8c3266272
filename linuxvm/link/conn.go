package link

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/libp2p/go-yamux/v5"
)

// lingerTime is how long a stream that was closed waits for the peer to close it too, as TCP does in FIN_WAIT_2.
const lingerTime = time.Minute

// stream is a Conn on a stream of yamux, whose manners it makes TCP's: writers do not run into each other, a peer that
// writes to a closed stream learns of it instead of waiting for a window that nobody opens, and no call but Write and
// CloseWrite waits for a guest that does not take anything any more, and those end with Close and Reset.
type stream struct {
	s    *yamux.Stream
	addr Addr
	// after runs what is left to be done of a call; it is the session's, which waits for it.
	after func(func())

	rmu, wmu sync.Mutex
	ended    bool // the peer's end was read; under rmu
	once     sync.Once
	closed   chan struct{} // by Close or Reset
}

var _ Conn = (*stream)(nil)

func newStream(s *yamux.Stream, p Port, after func(func())) *stream {
	return &stream{s: s, addr: Addr{p}, after: after, closed: make(chan struct{})}
}

func (c *stream) LocalAddr() net.Addr                { return c.addr }
func (c *stream) RemoteAddr() net.Addr               { return c.addr }
func (c *stream) SetDeadline(t time.Time) error      { return c.s.SetDeadline(t) }
func (c *stream) SetReadDeadline(t time.Time) error  { return c.s.SetReadDeadline(t) }
func (c *stream) SetWriteDeadline(t time.Time) error { return c.s.SetWriteDeadline(t) }

func (c *stream) Read(p []byte) (int, error) {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	if c.isClosed() {
		return 0, c.failed("read", net.ErrClosed)
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.s.Read(p)
	if n > 0 {
		if err != nil && !c.isClosed() {
			// The window was to be opened and was not, for which there is no second try: the deadline passed just then,
			// or the session has ended.
			c.reset()
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
	if c.isClosed() {
		return 0, c.failed("write", net.ErrClosed)
	}
	n, err := c.s.Write(p)
	return n, c.failed("write", err)
}

// CloseWrite waits like Write for room to say so.
func (c *stream) CloseWrite() error {
	done := make(chan error, 1)
	c.after(func() { done <- c.s.CloseWrite() })
	select {
	case err := <-done:
		return c.failed("close", err)
	case <-c.closed:
		return c.failed("close", net.ErrClosed)
	case <-c.s.Session().CloseChan():
		return c.failed("close", yamux.ErrStreamReset)
	}
}

func (c *stream) Reset() error {
	c.shut()
	c.reset()
	return nil
}

// Close ends writing; what the peer still sends, and did not send before, is answered with a reset.
func (c *stream) Close() error {
	if !c.shut() {
		return c.failed("close", net.ErrClosed)
	}
	c.after(func() {
		_ = c.s.CloseWrite() // fails if the stream was reset, which closes it as well
		c.rmu.Lock()
		ended := c.ended
		c.rmu.Unlock()
		if ended {
			return
		}
		_ = c.s.SetReadDeadline(time.Now().Add(lingerTime))
		// Data, or the deadline, but neither the peer's end nor its reset.
		if n, err := c.s.Read(make([]byte, 1)); n > 0 || errors.Is(err, yamux.ErrTimeout) {
			_ = c.s.Reset()
		}
	})
	return nil
}

// shut makes all calls fail, those that wait included. It is true the first time.
func (c *stream) shut() (first bool) {
	c.once.Do(func() {
		first = true
		close(c.closed)
		_ = c.s.SetDeadline(time.Unix(1, 0))
	})
	return first
}

// reset drops the stream without waiting until the peer can be told.
func (c *stream) reset() { c.after(func() { _ = c.s.Reset() }) }

func (c *stream) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// failed is err as the net package would say it.
func (c *stream) failed(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.isClosed():
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
