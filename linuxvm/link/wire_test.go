package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// wire is a virtio-serial port as QEMU makes it: bytes stay in it when the host goes, a guest that reads while no host is
// there gets an end, and what it writes then is lost.
type wire struct {
	// blind makes it hide from the guest that a host went away.
	blind bool

	mu       sync.Mutex
	stalled  bool // the guest gets nothing
	cond     *sync.Cond
	toGuest  bytes.Buffer
	toHost   bytes.Buffer
	host     *hostEnd
	guest    *guestEnd
	capacity int
}

func newWire() *wire {
	w := &wire{capacity: 64 << 10}
	w.cond = sync.NewCond(&w.mu)
	return w
}

type hostEnd struct {
	w      *wire
	closed bool
}

type guestEnd struct {
	w      *wire
	closed bool
}

// openHost connects the host; there is one at a time.
func (w *wire) openHost(context.Context) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.host != nil {
		return nil, errors.New("open: in use")
	}
	w.host = &hostEnd{w: w}
	w.cond.Broadcast()
	return w.host, nil
}

// openGuest opens the port in the guest. Unread bytes for an earlier opener are dropped, as Linux does.
func (w *wire) openGuest(context.Context) (io.ReadWriteCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guest != nil {
		return nil, errors.New("open: busy")
	}
	w.guest = &guestEnd{w: w}
	w.cond.Broadcast()
	return w.guest, nil
}

// cut makes the host disappear without a word, like a killed process.
func (w *wire) cut() {
	w.mu.Lock()
	h := w.host
	w.mu.Unlock()
	if h != nil {
		h.Close()
	}
}

// stall makes the guest read nothing, or read again.
func (w *wire) stall(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stalled = yes
	w.cond.Broadcast()
}

// stuff puts bytes on the wire, as if an earlier process had written them.
func (w *wire) stuff(toGuest, toHost []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.toGuest.Write(toGuest)
	w.toHost.Write(toHost)
	w.cond.Broadcast()
}

// transfer reads or writes once there is something to read or room to write, unless gone says that it cannot be.
func (w *wire) transfer(ready func() bool, gone func() error, do func() (int, error)) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if err := gone(); err != nil {
			return 0, err
		}
		if ready() {
			n, err := do()
			w.cond.Broadcast()
			return n, err
		}
		w.cond.Wait()
	}
}

func (w *wire) writeAll(b *bytes.Buffer, p []byte, gone func() error) (int, error) {
	total := 0
	for total < len(p) {
		n, err := w.transfer(func() bool { return b.Len() < w.capacity }, gone, func() (int, error) {
			return b.Write(p[total:min(len(p), total+w.capacity-b.Len())])
		})
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (h *hostEnd) gone() error {
	if h.closed {
		return net.ErrClosed
	}
	return nil
}

func (h *hostEnd) Read(p []byte) (int, error) {
	return h.w.transfer(func() bool { return h.w.toHost.Len() > 0 }, h.gone,
		func() (int, error) { return h.w.toHost.Read(p) })
}

func (h *hostEnd) Write(p []byte) (int, error) { return h.w.writeAll(&h.w.toGuest, p, h.gone) }

func (h *hostEnd) Close() error {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	if !h.closed {
		h.closed, h.w.host = true, nil
		h.w.cond.Broadcast()
	}
	return nil
}

func (h *hostEnd) LocalAddr() net.Addr              { return nil }
func (h *hostEnd) RemoteAddr() net.Addr             { return nil }
func (h *hostEnd) SetDeadline(time.Time) error      { return nil }
func (h *hostEnd) SetReadDeadline(time.Time) error  { return nil }
func (h *hostEnd) SetWriteDeadline(time.Time) error { return nil }

func (g *guestEnd) Read(p []byte) (int, error) {
	ready := func() bool {
		return !g.w.stalled && g.w.toGuest.Len() > 0 || (g.w.host == nil && !g.w.blind)
	}
	return g.w.transfer(ready, g.gone, func() (int, error) { return g.w.toGuest.Read(p) })
}

func (g *guestEnd) Write(p []byte) (int, error) {
	lost := false
	n, err := g.w.transfer(func() bool { return true }, g.gone, func() (int, error) {
		lost = g.w.host == nil
		return len(p), nil
	})
	if lost || err != nil {
		return n, err
	}
	return g.w.writeAll(&g.w.toHost, p, g.gone)
}

func (g *guestEnd) gone() error {
	if g.closed {
		return net.ErrClosed
	}
	return nil
}

func (g *guestEnd) Close() error {
	g.w.mu.Lock()
	defer g.w.mu.Unlock()
	if !g.closed {
		g.closed, g.w.guest = true, nil
		g.w.toGuest.Reset()
		g.w.cond.Broadcast()
	}
	return nil
}
