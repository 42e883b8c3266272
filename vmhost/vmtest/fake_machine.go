package vmtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// fakeMachine is what the owner of a fakeProcess holds.
type fakeMachine struct {
	fake    *Fake
	spec    vmhost.Spec
	done    chan struct{}
	started chan struct{} // closed when Start has ended
	stop    chan struct{} // closed by the first Stop
	left    chan struct{} // closed when the process sleeps
	pauses  vmhost.PauseState

	mu       sync.Mutex
	claimed  bool // Start was called
	stopped  bool
	orphaned bool
	saved    *vmhost.State // to go on from, else nil
	process  *fakeProcess  // nil unless running
	channels map[vmhost.Channel]net.Conn
	err      error
	startErr error
}

var _ vmhost.Machine = (*fakeMachine)(nil)

func newFakeMachine(f *Fake, s vmhost.Spec) *fakeMachine {
	return &fakeMachine{
		fake:     f,
		spec:     s,
		done:     make(chan struct{}),
		started:  make(chan struct{}),
		stop:     make(chan struct{}),
		left:     make(chan struct{}),
		channels: make(map[vmhost.Channel]net.Conn),
	}
}

func (m *fakeMachine) current() *fakeProcess {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process
}

func (m *fakeMachine) Start(ctx context.Context) (vmhost.Info, error) {
	m.mu.Lock()
	first := !m.claimed && !m.stopped
	m.claimed = m.claimed || first
	m.mu.Unlock()
	if !first {
		return m.awaitStart(ctx)
	}
	process, err := m.launch(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(m.started)
	if err != nil {
		m.startErr = err
		if !m.stopped {
			m.err = err
		}
		close(m.done)
		return vmhost.Info{}, err
	}
	m.process = process
	go m.watch(process)
	return process.info, nil
}

func (m *fakeMachine) awaitStart(ctx context.Context) (vmhost.Info, error) {
	select {
	case <-m.started:
	case <-m.done:
	case <-ctx.Done():
		return vmhost.Info{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.startErr != nil:
		return vmhost.Info{}, m.startErr
	case m.process == nil:
		return vmhost.Info{}, fmt.Errorf("%w: a machine that has ended is not started again", vmhost.ErrNotRunning)
	}
	return m.process.info, nil
}

// launch does what the knobs say and starts the process.
func (m *fakeMachine) launch(ctx context.Context) (process *fakeProcess, err error) {
	knobs := m.fake.get()
	if err := m.fake.claim(m); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m.fake.unclaim(m)
		}
	}()
	delay := time.NewTimer(knobs.StartDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-m.stop:
		return nil, fmt.Errorf("%w: stopped while it started", vmhost.ErrNotRunning)
	case <-ctx.Done():
		return nil, fmt.Errorf("start machine: %w", context.Cause(ctx))
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("start machine: %w", context.Cause(ctx))
	}
	if knobs.StartErr != nil {
		return nil, knobs.StartErr
	}
	if process, err = m.wake(knobs); err != nil {
		return nil, err
	}
	if knobs.DieAfter > 0 {
		process.dieAfter(knobs.DieAfter, knobs.DieErr)
	}
	return process, nil
}

// wake starts the process, or wakes it up.
func (m *fakeMachine) wake(knobs Knobs) (*fakeProcess, error) {
	if m.saved == nil {
		return m.fake.run(m.spec), nil
	}
	if knobs.ResumeErr != nil {
		dropUseless(m.saved.File, knobs.ResumeErr)
		return nil, knobs.ResumeErr
	}
	return m.fake.resume(m.spec, *m.saved)
}

// watch closes Done behind the process.
func (m *fakeMachine) watch(process *fakeProcess) {
	select {
	case <-process.done:
	case <-m.left:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.orphaned {
		return
	}
	if !m.stopped {
		m.err = process.err
	}
	m.process = nil
	m.fake.unclaim(m)
	close(m.done)
}

// forget drops the process without ending it; what was open is closed, as the death of a process does.
func (m *fakeMachine) forget() {
	m.mu.Lock()
	m.orphaned, m.process = true, nil
	m.fake.unclaim(m)
	m.mu.Unlock()
	m.closeChannels()
}

func (m *fakeMachine) closeChannels() {
	m.mu.Lock()
	open := slices.Collect(maps.Values(m.channels))
	m.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
}

func (m *fakeMachine) Stop(ctx context.Context, mode vmhost.StopMode) error {
	m.mu.Lock()
	claimed := m.claimed
	if !m.stopped {
		m.stopped = true
		close(m.stop)
		if !claimed {
			close(m.done)
		}
	}
	m.mu.Unlock()
	if claimed {
		<-m.started // soon: launch heeds m.stop
	}
	process := m.current()
	if process == nil {
		<-m.done
		return nil
	}
	if m.fake.get().HangOnStop {
		select {
		case <-m.done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("stop machine: %w", ctx.Err())
		}
	}
	if mode == vmhost.StopPower {
		process.pressPower()
		select {
		case <-m.done:
			return nil
		case <-ctx.Done():
		}
	}
	process.end(nil)
	<-m.done
	return nil
}

func (m *fakeMachine) Done() <-chan struct{} { return m.done }

func (m *fakeMachine) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

func (m *fakeMachine) Open(_ context.Context, ch vmhost.Channel) (net.Conn, error) {
	knobs := m.fake.get()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.process == nil:
		return nil, vmhost.ErrNotRunning
	case knobs.Refuse[ch] != nil:
		return nil, knobs.Refuse[ch]
	case m.channels[ch] != nil:
		return nil, errors.New("channel is open already")
	}
	conn, err := m.process.open(ch, knobs.Script[ch])
	if err != nil {
		return nil, err
	}
	conn = &fakeConn{Conn: conn, release: sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.channels, ch)
	})}
	m.channels[ch] = conn
	return conn, nil
}

// fakeConn lets its channel be opened again when it is closed.
type fakeConn struct {
	net.Conn
	release func()
}

func (c *fakeConn) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}
