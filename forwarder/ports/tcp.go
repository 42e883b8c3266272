package ports

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

// acceptPause is the pause after an accept that failed, for example for lack of file descriptors.
const acceptPause = 100 * time.Millisecond

// serveTCP accepts clients until l is closed.
func (f *forward) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			f.log.Warn("accept", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		tcp := c.(*net.TCPConn)
		ctx, target, leave := f.enter(f.life)
		f.wg.Go(func() {
			defer leave()
			f.connect(ctx, tcp, target)
		})
	}
}

// connect serves one client. One whose container refuses is reset: its connection was accepted before that was known.
func (f *forward) connect(ctx context.Context, c *net.TCPConn, target string) {
	dctx, cancel := context.WithTimeout(ctx, f.cfg.Patience)
	guest, err := f.cfg.Dial(dctx, "tcp", target)
	cancel()
	if err != nil {
		f.log.Debug("connect to container", "target", target, "error", err)
		_ = c.SetLinger(0)
		c.Close()
		return
	}
	if _, err := pipe.Join(ctx, &countedConn{c, f}, guest); err != nil {
		f.log.Trace("connection broke", "target", target, "error", err)
	}
}

// countedConn is a client's connection whose bytes count.
type countedConn struct {
	*net.TCPConn
	f *forward
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.f.in.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.f.out.Add(int64(n))
	return n, err
}
