package vmtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// fakeProcess is a fake machine as the system would see it: it lives whether somebody owns it or not.
type fakeProcess struct {
	fake  *Fake
	spec  vmhost.Spec
	info  vmhost.Info
	power chan struct{} // the button, once for each press that was noticed
	// accept hands the guest's ends of opened channels to Guest.Accept.
	accept map[vmhost.Channel]chan net.Conn

	mu    sync.Mutex
	timer *time.Timer
	conns map[vmhost.Channel]net.Conn // the guest's ends, the newest of each
	done  chan struct{}
	err   error
}

func newFakeProcess(f *Fake, s vmhost.Spec, pid int) *fakeProcess {
	return &fakeProcess{
		fake:  f,
		spec:  s,
		info:  vmhost.Info{PID: pid, Accel: "fake", Version: "fake 1"},
		power: make(chan struct{}, 1),
		accept: map[vmhost.Channel]chan net.Conn{
			vmhost.ChannelLink:    make(chan net.Conn, 1),
			vmhost.ChannelNetwork: make(chan net.Conn, 1),
		},
		conns: make(map[vmhost.Channel]net.Conn),
		done:  make(chan struct{}),
	}
}

// dieAfter ends the process by itself some time from now.
func (p *fakeProcess) dieAfter(d time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(d, func() { p.end(err) })
}

// end makes the process disappear; only the first err counts.
func (p *fakeProcess) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return
	default:
	}
	p.fake.gone(p)
	p.err = err
	if p.timer != nil {
		p.timer.Stop()
	}
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	close(p.done)
}

func (p *fakeProcess) pressPower() {
	select {
	case p.power <- struct{}{}:
	default:
	}
}

// open makes both ends of a channel and gives the guest its own.
func (p *fakeProcess) open(ch vmhost.Channel, script []byte) (net.Conn, error) {
	accept, ok := p.accept[ch]
	if !ok {
		return nil, fmt.Errorf("channel %d: unknown", ch)
	}
	host, guest := net.Pipe()
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return nil, vmhost.ErrNotRunning
	default:
	}
	if old := p.conns[ch]; old != nil {
		_ = old.Close()
	}
	p.conns[ch] = guest
	select {
	case <-accept: // nobody accepted it, and its host has gone
	default:
	}
	accept <- guest // has room: only this function sends, under p.mu
	return &scriptedConn{Conn: host, script: script}, nil
}

// scriptedConn reads a script before what its peer says.
type scriptedConn struct {
	net.Conn
	mu     sync.Mutex
	script []byte
}

func (c *scriptedConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	n := copy(b, c.script)
	c.script = c.script[n:]
	c.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	return c.Conn.Read(b)
}

// A Guest is the inside of a fake machine.
type Guest struct{ process *fakeProcess }

// Accept waits until the host opens a channel and returns the guest's end of it, which reads EOF once the host has
// closed its own. It ends with an error when ctx does, and with io.EOF when the machine is gone.
func (g *Guest) Accept(ctx context.Context, ch vmhost.Channel) (net.Conn, error) {
	accept, ok := g.process.accept[ch]
	if !ok {
		return nil, fmt.Errorf("channel %d: unknown", ch)
	}
	select {
	case conn := <-accept:
		return conn, nil
	case <-g.process.done:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// PowerButton has an element whenever the host pressed the power button.
func (g *Guest) PowerButton() <-chan struct{} { return g.process.power }

// PowerOff ends the machine cleanly.
func (g *Guest) PowerOff() { g.process.end(nil) }

// Crash ends the machine with an error, for example a panic of its kernel.
func (g *Guest) Crash(err error) { g.process.end(err) }

// Done is closed when the machine is gone.
func (g *Guest) Done() <-chan struct{} { return g.process.done }
