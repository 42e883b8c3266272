package qemu

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/wherry-app/wherry/vmhost"
)

const (
	// quitTimeout is how long QEMU may take to quit by itself before it is killed.
	quitTimeout = time.Second
	// killTimeout is how long a killed process may take to disappear.
	killTimeout = 10 * time.Second
)

// Machine is one QEMU process.
type Machine struct {
	driver *Driver
	spec   vmhost.Spec
	files  files
	log    hclog.Logger
	// done is closed when the machine is gone or will never be; err is set before.
	done chan struct{}
	// saved is the state to go on from; nil for a machine that boots.
	saved  *vmhost.State
	pauses vmhost.PauseState

	mu sync.Mutex
	// started is made by the first Start and closed when that has ended, with info or startErr set.
	started     chan struct{}
	cancelStart context.CancelFunc
	info        vmhost.Info
	startErr    error
	stopped     bool // by us
	run         *running
	channels    map[vmhost.Channel]*channelConn // those that are open
	suspending  bool
	err         error
}

var _ vmhost.Machine = (*Machine)(nil)

func newMachine(d *Driver, s vmhost.Spec) *Machine {
	return &Machine{
		driver:   d,
		spec:     s,
		files:    filesIn(s.Dir),
		log:      d.log,
		done:     make(chan struct{}),
		channels: make(map[vmhost.Channel]*channelConn),
	}
}

// Start starts QEMU and returns when the guest runs; see vmhost.Machine.
func (m *Machine) Start(ctx context.Context) (vmhost.Info, error) {
	m.mu.Lock()
	if m.started != nil || m.stopped {
		m.mu.Unlock()
		return m.awaitStart(ctx)
	}
	m.started = make(chan struct{})
	ctx, m.cancelStart = context.WithCancel(ctx)
	m.mu.Unlock()
	defer m.cancelStart()

	run, err := m.launch(ctx)

	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(m.started)
	if err != nil {
		if m.stopped {
			m.startErr = fmt.Errorf("%w: stopped while it started", vmhost.ErrNotRunning)
		} else {
			m.startErr, m.err = err, err
		}
		close(m.done)
		return vmhost.Info{}, m.startErr
	}
	m.begin(run)
	return m.info, nil
}

// awaitStart is the result of the Start that somebody else called.
func (m *Machine) awaitStart(ctx context.Context) (vmhost.Info, error) {
	m.mu.Lock()
	started := m.started
	m.mu.Unlock()
	if started != nil {
		select {
		case <-started:
		case <-ctx.Done():
			return vmhost.Info{}, ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.startErr != nil:
		return vmhost.Info{}, m.startErr
	case m.run == nil:
		return vmhost.Info{}, fmt.Errorf("%w: a machine that has ended is not started again", vmhost.ErrNotRunning)
	}
	return m.info, nil
}

// begin makes run the machine's process. m.mu is held.
func (m *Machine) begin(run *running) {
	m.run, m.info = run, run.info()
	go m.watch(run)
}

// watch waits for the end of QEMU and cleans up after it.
func (m *Machine) watch(run *running) {
	end := run.wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stopped {
		m.err = end
	}
	m.run = nil
	run.release()
	m.log.Info("machine gone", "dir", m.spec.Dir, "stopped", m.stopped, "error", m.err)
	close(m.done)
}

// Stop ends the machine; see vmhost.Machine. A machine that was stopped before it was started is never started.
func (m *Machine) Stop(ctx context.Context, mode vmhost.StopMode) error {
	m.mu.Lock()
	first := !m.stopped
	m.stopped = true
	if m.started == nil {
		if first && m.run == nil {
			close(m.done)
		}
	} else {
		m.cancelStart()
	}
	started := m.started
	m.mu.Unlock()

	if started != nil {
		<-started // soon: its context has ended
	}
	m.mu.Lock()
	run := m.run
	m.mu.Unlock()
	if run == nil {
		<-m.done
		return nil
	}
	if mode == vmhost.StopPower {
		m.powerDown(ctx, run)
	}
	return m.kill(run)
}

// powerDown presses the power button and waits until the machine is gone or ctx ends.
func (m *Machine) powerDown(ctx context.Context, run *running) {
	if err := run.monitor.execute(ctx, "system_powerdown", nil, nil); err != nil {
		m.log.Warn("press power button", "error", err)
		return
	}
	select {
	case <-m.done:
	case <-ctx.Done():
	}
}

// kill ends the machine, unless it is gone already. QEMU gets a moment to close its files.
func (m *Machine) kill(run *running) error {
	ctx, cancel := context.WithTimeout(context.Background(), quitTimeout)
	defer cancel()
	if err := run.monitor.execute(ctx, "quit", nil, nil); err == nil || errors.Is(err, errMonitorGone) {
		select {
		case <-m.done:
			return nil
		case <-ctx.Done():
		}
	}
	select {
	case <-m.done:
		return nil
	default:
	}
	if err := run.process.Kill(); err != nil {
		return fmt.Errorf("kill QEMU, process %d: %w", run.process.PID(), err)
	}
	timeout := time.NewTimer(killTimeout)
	defer timeout.Stop()
	select {
	case <-m.done:
		return nil
	case <-timeout.C:
		return fmt.Errorf("kill QEMU, process %d: still there after %v", run.process.PID(), killTimeout)
	}
}

// Done is closed when the machine is gone.
func (m *Machine) Done() <-chan struct{} { return m.done }

// Err says, after Done, why the machine is gone; nil when it was stopped or powered itself off.
func (m *Machine) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}
