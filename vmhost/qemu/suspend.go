package qemu

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

// rollbackTimeout is how long QEMU may take to go on after a failed Suspend.
const rollbackTimeout = 10 * time.Second

var _ vmhost.Suspender = (*Machine)(nil)

// Suspend ends the machine with its state in a file; see vmhost.Suspender. It closes the channels before, so that the
// guest knows that its host has gone.
func (m *Machine) Suspend(ctx context.Context, s vmhost.State) error {
	run, err := m.beginSuspend()
	if err != nil {
		return fmt.Errorf("suspend machine: %w", err)
	}
	defer m.endSuspend()
	begin := time.Now()
	if err := run.wantRunning(ctx); err != nil {
		return fmt.Errorf("suspend machine: %w", err)
	}
	if err := m.partChannels(ctx, run); err != nil {
		return fmt.Errorf("suspend machine: %w", err)
	}
	size, err := run.save(ctx, s)
	if errors.Is(err, errMonitorGone) {
		err = fmt.Errorf("%w: it ended meanwhile", vmhost.ErrNotRunning)
	}
	if err != nil {
		return fmt.Errorf("suspend machine: %w", err)
	}
	m.mu.Lock()
	m.stopped = true
	m.mu.Unlock()
	m.log.Info("machine suspended", "dir", m.spec.Dir, "bytes", size, "took", time.Since(begin))
	if err := m.kill(run); err != nil {
		return errors.Join(err, statefile.Remove(s.File))
	}
	return nil
}

// beginSuspend keeps others from suspending or opening channels until endSuspend.
func (m *Machine) beginSuspend() (*running, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.run == nil || m.stopped:
		return nil, vmhost.ErrNotRunning
	case m.suspending:
		return nil, errors.New("it is being suspended already")
	}
	m.suspending = true
	return m.run, nil
}

func (m *Machine) endSuspend() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.suspending = false
}

// partChannels closes the open channels and waits until the guest knows.
func (m *Machine) partChannels(ctx context.Context, run *running) error {
	m.mu.Lock()
	var open []*channelConn
	for _, conn := range m.channels {
		open = append(open, conn)
	}
	m.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
	return run.events.port.settle(ctx, m.done)
}

// wantRunning is an error unless the machine runs.
func (r *running) wantRunning(ctx context.Context) error {
	status, err := r.status(ctx)
	if err == nil && status != "running" {
		err = fmt.Errorf("it is not running but %q", status)
	}
	return err
}

// save stops the processors and writes the machine's state, or lets them go on after an error. It returns how many bytes
// that were.
func (r *running) save(ctx context.Context, s vmhost.State) (size int64, err error) {
	var cleanup undo
	defer func() {
		if err != nil {
			cleanup.run()
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
		}
	}()
	if err := r.wantRunning(ctx); err != nil { // since it may have been paused meanwhile
		return 0, err
	}
	cleanup.push(func() { r.goOn(ctx) })
	if err := r.monitor.execute(ctx, "stop", nil, nil); err != nil {
		return 0, err
	}
	// Now all that the guest wrote is in the disks' files.
	ticket, err := r.files.issueTicket()
	if err != nil {
		return 0, err
	}
	cleanup.push(func() { _ = r.files.voidTicket() })
	header, err := newStateHeader(r.record.Machine, r.record.Spec, s.Binding, ticket)
	if err != nil {
		return 0, err
	}
	file, err := statefile.Create(s.File, header)
	if err != nil {
		return 0, err
	}
	cleanup.push(file.Abort)
	if size, err = r.migrateTo(ctx, file); err != nil {
		return 0, err
	}
	return size, file.Commit()
}

// goOn lets the processors run again after a failed save.
func (r *running) goOn(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	err := r.monitor.execute(ctx, "cont", nil, nil)
	if err != nil && !errors.Is(err, errMonitorGone) {
		r.log.Error("machine does not go on", "error", err)
	}
}

// migrateTo makes QEMU send the machine's state over a socket, and writes it to dst.
func (r *running) migrateTo(ctx context.Context, dst *statefile.Writer) (size int64, err error) {
	_ = os.Remove(r.files.state)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: r.files.state, Net: "unix"})
	if err != nil {
		return 0, fmt.Errorf("listen for QEMU: %w", err)
	}
	defer listener.Close()
	if err := r.prepareMigration(ctx); err != nil {
		return 0, err
	}
	// Without a limit, since nothing else wants to use this connection.
	speed := map[string]int64{"max-bandwidth": math.MaxInt64}
	if err := r.monitor.execute(ctx, "migrate-set-parameters", speed, nil); err != nil {
		return 0, err
	}
	if err := r.monitor.execute(ctx, "migrate", map[string]string{"uri": "unix:" + r.files.state}, nil); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		err := r.awaitMigration(ctx)
		if err != nil {
			cancel()
		}
		ended <- err
	}()
	size, err = receive(ctx, listener, dst)
	if err != nil {
		cancel()
		if why := <-ended; !errors.Is(why, context.Canceled) {
			err = why
		}
		r.cancelMigration(ctx)
		return 0, err
	}
	return size, <-ended
}

// receive writes what the first client of listener sends.
func receive(ctx context.Context, listener *net.UnixListener, dst *statefile.Writer) (int64, error) {
	stop := context.AfterFunc(ctx, func() { _ = listener.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn, err := listener.Accept()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	return dst.ReadFrom(conn)
}
