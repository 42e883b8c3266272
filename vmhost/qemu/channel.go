package qemu

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// Open opens a channel; see vmhost.Machine.
func (m *Machine) Open(ctx context.Context, ch vmhost.Channel) (net.Conn, error) {
	path, err := m.files.socket(ch)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	run := m.run
	if run == nil {
		m.mu.Unlock()
		return nil, vmhost.ErrNotRunning
	}
	if m.suspending || m.channels[ch] != nil {
		m.mu.Unlock()
		return nil, fmt.Errorf("open %q: channel is open already, or the machine is being suspended", path)
	}
	conn := &channelConn{closed: func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.channels, ch)
	}}
	m.channels[ch] = conn
	m.mu.Unlock()

	if ch == vmhost.ChannelLink {
		if err := run.events.port.settle(ctx, m.done); err != nil {
			conn.closed()
			return nil, fmt.Errorf("open channel: %w", err)
		}
		conn.closing = run.events.port.hostLeaves
	}
	if conn.Conn, err = dial(ctx, path, busy); err != nil {
		conn.closed()
		return nil, fmt.Errorf("open channel: %w", err)
	}
	return conn, nil
}

// channelConn tells when it is closed.
type channelConn struct {
	net.Conn
	closing func() // before; may be nil
	closed  func() // after
	once    sync.Once
}

func (c *channelConn) Close() (err error) {
	err = net.ErrClosed
	c.once.Do(func() {
		if c.closing != nil {
			c.closing()
		}
		err = c.Conn.Close()
		c.closed()
	})
	return err
}

// settleTime is how long a guest may take to notice that a host has gone.
const settleTime = time.Second

// A guestPort is the guest's end of the link. A host that leaves and comes back at once could go unnoticed: the guest is
// told both, but its kernel keeps only the latest for those who read. So the next host waits until the guest has closed
// its end, which is how it shows that it has noticed. A guest that does not gets settleTime; so does one in a hurry, since
// QEMU reports such changes once a second.
type guestPort struct {
	mu   sync.Mutex
	open bool
	// left is closed when the guest has noticed; nil while there is nothing to notice.
	left     chan struct{}
	deadline time.Time
}

// guestChanged says that the guest opened or closed its end.
func (p *guestPort) guestChanged(open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = open
	if !open && p.left != nil {
		close(p.left)
		p.left = nil
	}
}

// hostLeaves says that the host is about to close its end.
func (p *guestPort) hostLeaves() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open && p.left == nil {
		p.left = make(chan struct{})
	}
	p.deadline = time.Now().Add(settleTime)
}

// settle waits until the guest knows that the last host has left.
func (p *guestPort) settle(ctx context.Context, done <-chan struct{}) error {
	p.mu.Lock()
	left, wait := p.left, time.Until(p.deadline)
	p.mu.Unlock()
	if left == nil {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-left:
	case <-timer.C:
		p.giveUp(left)
	case <-done:
		return vmhost.ErrNotRunning
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// giveUp stops waiting for the guest to notice.
func (p *guestPort) giveUp(left chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == left {
		p.left = nil
	}
}
