package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config is what a Client is made of.
type Config struct {
	// Open opens the byte stream to the guest; the Client closes what it gets before it opens again.
	Open func(ctx context.Context) (net.Conn, error)
	// Logger may be nil.
	Logger hclog.Logger
}

// State is what a Client says of the link.
type State struct {
	// Up is true while the guest answers, that is, from the handshake until the byte stream breaks.
	Up bool
	// Session counts the times that the link came up. Two states with the same number and Up have had no break between.
	Session int
	// Err is why the link is not up, if that is known.
	Err error
}

// Client is the host's side of the link. It reconnects as long as Run runs.
type Client struct {
	open func(ctx context.Context) (net.Conn, error)
	log  hclog.Logger

	mu       sync.Mutex
	state    State
	session  *session
	changed  chan struct{} // closed and replaced with each state
	finished bool          // Run has returned
	watchers map[chan State]struct{}
}

var _ Dialer = (*Client)(nil)

// ErrClosed is returned by Dial when Run has returned.
var ErrClosed = fmt.Errorf("link is closed: %w", net.ErrClosed)

// NewClient makes a Client; nothing happens before Run.
func NewClient(c Config) *Client {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Client{
		open: c.Open, log: log.Named("link"),
		changed: make(chan struct{}), watchers: make(map[chan State]struct{}),
	}
}

// Run connects to the guest, and again whenever the byte stream breaks, until ctx ends. Then it resets all streams and
// returns nil. It may be called once.
func (c *Client) Run(ctx context.Context) error {
	defer func() {
		c.mu.Lock()
		c.finished = true
		c.mu.Unlock()
		c.set(State{Err: ErrClosed}, nil)
	}()
	var b backoff
	for ctx.Err() == nil {
		err := c.connect(ctx, &b)
		if ctx.Err() != nil {
			break
		}
		c.log.Debug("link is down", "error", err)
		c.set(State{Err: err}, nil)
		b.wait(ctx)
	}
	return nil
}

// connect opens the byte stream, shakes hands, and stays until the session ends.
func (c *Client) connect(ctx context.Context, b *backoff) error {
	conn, err := c.open(ctx)
	if err != nil {
		return fmt.Errorf("open stream to guest: %w", err)
	}
	t := newTransport(conn)
	if err := shakeHands(ctx, t, greet); err != nil {
		return err
	}
	s, err := newSession(t, true, c.log)
	if err != nil {
		return err
	}
	defer s.close()
	unwatch := context.AfterFunc(ctx, func() { _ = s.mux.Close() })
	defer unwatch()
	b.reset()
	c.set(State{Up: true}, s)
	c.log.Debug("link is up")

	var none sync.WaitGroup
	err = s.serve(func(Port) (func(Conn), bool) { return nil, false }, &none)
	none.Wait()
	return why(err)
}

// set makes s the present state and tells everybody.
func (c *Client) set(s State, session *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Session = c.state.Session
	if s.Up {
		s.Session++
	}
	c.state, c.session = s, session
	close(c.changed)
	c.changed = make(chan struct{})
	for w := range c.watchers {
		put(w, s)
	}
}

// put leaves s as the newest value in w, of which the caller is the only sender.
func put(w chan State, s State) {
	select {
	case <-w:
	default:
	}
	w <- s
}

// State returns the present state.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Watch returns a channel that gets the present state and then each newer one; the newest wins when the receiver is
// slow. The caller must call cancel when it has seen enough; that does not close the channel.
func (c *Client) Watch() (states <-chan State, cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := make(chan State, 1)
	w <- c.state
	c.watchers[w] = struct{}{}
	return w, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, w)
	}
}

// Dial opens a stream to a port of the guest. While the link is down it waits, until ctx ends or Run returns. It does
// not wait for the guest: a stream to a port that the guest does not serve is reset later.
func (c *Client) Dial(ctx context.Context, p Port) (Conn, error) {
	for {
		c.mu.Lock()
		s, changed, finished, down := c.session, c.changed, c.finished, c.state.Err
		c.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil, dialError(p, errors.Join(context.Cause(ctx), down))
		case finished:
			return nil, dialError(p, ErrClosed)
		case s != nil:
			conn, err := s.open(ctx, p)
			if err == nil {
				return conn, nil
			}
			if !s.mux.IsClosed() && ctx.Err() == nil {
				return nil, dialError(p, err)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func dialError(p Port, err error) error {
	return &net.OpError{Op: "dial", Net: Addr{}.Network(), Addr: Addr{p}, Err: err}
}

// backoff is the pause between attempts, which doubles.
type backoff struct{ next time.Duration }

func (b *backoff) reset() { b.next = 0 }

func (b *backoff) wait(ctx context.Context) {
	b.next = min(max(firstPause, 2*b.next), lastPause)
	t := time.NewTimer(b.next)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
