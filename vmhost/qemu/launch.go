package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/process"
)

// undo is what to take back, the last thing first, when something fails half-way.
type undo []func()

func (u *undo) push(f func()) { *u = append(*u, f) }

func (u undo) run() {
	for i := len(u) - 1; i >= 0; i-- {
		u[i]()
	}
}

// launch starts QEMU and returns when the guest runs. After an error nothing is left running.
func (m *Machine) launch(ctx context.Context) (run *running, err error) {
	var cleanup undo
	defer func() {
		if err != nil {
			cleanup.run()
			m.dropUseless(err)
			if ctx.Err() != nil {
				err = fmt.Errorf("start machine: %w", context.Cause(ctx))
			}
		}
	}()
	lock, err := m.occupy(ctx)
	if err != nil {
		return nil, err
	}
	cleanup.push(func() { _ = lock.Close() })
	prog, p, err := m.driver.plan(ctx, m.spec)
	if err != nil {
		return nil, err
	}
	run = &running{files: m.files, log: m.log, lock: lock, events: newEvents(m)}
	run.record = record{Spec: m.spec, Accel: p.accel, Version: "QEMU " + p.version.String(), Machine: newIdentity(m.spec, prog, p)}
	wake := run.boot
	if m.saved != nil {
		state, err := m.openState(run.record.Machine)
		if err != nil {
			return nil, err
		}
		defer state.Close()
		p.incoming = true
		wake = func(ctx context.Context) error { return m.load(ctx, run, state) }
	}
	m.files.removeStale()
	cleanup.push(m.files.removeStale)
	if err := m.spawn(run, prog.Path, p); err != nil {
		return nil, err
	}
	cleanup.push(run.abort)
	if err := run.connect(ctx, wake); err != nil {
		return nil, m.whyNot(ctx, run, err)
	}
	run.keep()
	m.log.Info("machine started", "dir", m.spec.Dir, "pid", run.process.PID(), "accel", p.accel, "resumed", m.saved != nil)
	return run, nil
}

// occupy makes the machine the owner of its folder, in which none runs, until the returned file is closed.
func (m *Machine) occupy(ctx context.Context) (lock *os.File, err error) {
	if err := os.MkdirAll(m.spec.Dir, 0o700); err != nil {
		return nil, hinted(fmt.Errorf("make machine folder: %w", err), folderHint)
	}
	if err := checkFiles(m.spec); err != nil {
		return nil, err
	}
	if lock, err = m.files.take(); err != nil {
		return nil, err
	}
	pid, err := m.files.owner(ctx)
	if err == nil && pid != 0 {
		err = hinted(fmt.Errorf("machine folder %q is in use: QEMU runs there as process %d", m.spec.Dir, pid), "End that process")
	}
	if err == nil && m.saved == nil {
		err = m.files.voidTicket()
	}
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	return lock, nil
}

// spawn starts the process and writes down before what it is made from.
func (m *Machine) spawn(run *running, binary string, p plan) error {
	console := boundedLog(m.spec.ConsoleLog)
	if err := console.rotate(); err != nil {
		return fmt.Errorf("rotate console log: %w", err)
	}
	run.record.ConsoleOffset = console.size()
	if err := run.record.write(m.files.record); err != nil {
		return hinted(fmt.Errorf("write to machine folder: %w", err), folderHint)
	}
	address, inherit, err := monitorSocket(m.files.monitor)
	if err != nil {
		return err
	}
	if inherit != nil {
		defer inherit.Close()
	}
	p.monitor = address
	// A file, since QEMU outlives us: writing to a pipe without a reader would kill it.
	said, err := os.OpenFile(m.files.errors, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open QEMU's log: %w", err)
	}
	defer said.Close()

	cmd := exec.Command(binary, arguments(m.spec, p)...)
	cmd.Dir = m.spec.Dir
	cmd.Stdout, cmd.Stderr = said, said
	if inherit != nil {
		cmd.ExtraFiles = []*os.File{inherit}
	}
	process.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return hinted(fmt.Errorf("run QEMU: %w", err), "Check that QEMU is installed properly: run "+binary+" --version")
	}
	run.child = cmd
	if run.process, err = process.Open(cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	return nil
}

// abort kills what spawn started and waits for its end.
func (r *running) abort() {
	_ = r.process.Kill()
	_ = r.child.Wait()
	if r.monitor != nil {
		r.monitor.close()
	}
	_ = r.process.Close()
}

// connect opens QMP and then makes sure that the guest runs.
func (r *running) connect(ctx context.Context, wake func(context.Context) error) error {
	conn, err := r.dialMonitor(ctx)
	if err != nil {
		return err
	}
	if r.monitor, err = newMonitor(ctx, conn, r.events.handle); err != nil {
		return err
	}
	return wake(ctx)
}

// status is QEMU's word for what the machine does.
func (r *running) status(ctx context.Context) (string, error) {
	var status struct {
		Status string `json:"status"`
	}
	err := r.monitor.execute(ctx, "query-status", nil, &status)
	return status.Status, err
}

// boot makes sure that a machine that was just started runs, or was paused by its disks already.
func (r *running) boot(ctx context.Context) error {
	status, err := r.status(ctx)
	if err == nil && status != "running" && status != "io-error" {
		err = fmt.Errorf("machine is not running but %q", status)
	}
	return err
}

// takeOver makes sure that a machine runs that was found, or was paused by its disks. One whose owner was killed in
// the middle of Suspend or Resume goes on.
func (r *running) takeOver(ctx context.Context) error {
	status, err := r.status(ctx)
	if err != nil {
		return err
	}
	switch status {
	case "running":
		return nil
	case "io-error":
		pause, err := r.findPause(ctx)
		if err == nil {
			r.events.pauses.Set(pause)
		}
		return err
	case "paused", "postmigrate":
		if err := r.files.voidTicket(); err != nil {
			return err
		}
		r.events.port.hostLeaves() // since the guest could not notice
		return r.monitor.execute(ctx, "cont", nil, nil)
	}
	return fmt.Errorf("machine is not running but %q", status)
}

// whyNot replaces err, which came from a QEMU that did not come up, by what QEMU said about it, unless the cause is known.
func (m *Machine) whyNot(ctx context.Context, run *running, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_ = run.process.Kill()
	_ = run.child.Wait()
	if hint := vmhost.Hinter(nil); errors.As(err, &hint) || errors.Is(err, vmhost.ErrStateDamaged) {
		return err
	}
	said, readErr := boundedLog(m.files.errors).tail(0, tailSize)
	if readErr != nil || len(said) == 0 {
		return fmt.Errorf("start QEMU: %w (%v)", err, run.child.ProcessState)
	}
	return explain(string(said), m.spec)
}

// adopt makes m the machine that was left running in its folder, or leaves that one as it is.
func (m *Machine) adopt(ctx context.Context) (err error) {
	var cleanup undo
	defer func() {
		if err != nil {
			cleanup.run()
		}
	}()
	lock, err := m.files.take()
	if err != nil {
		return err
	}
	cleanup.push(func() { _ = lock.Close() })
	held, err := m.files.hold(ctx)
	if err != nil {
		return err
	}
	if held == nil {
		return vmhost.ErrNoMachine
	}
	cleanup.push(func() { _ = held.Close() })
	r, err := readRecord(m.files.record)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	if !equalSpecs(r.Spec, m.spec) {
		return errors.New("it was made from another spec")
	}
	run := &running{record: r, files: m.files, log: m.log, lock: lock, process: held, events: newEvents(m)}
	run.events.port.open = true // as far as we know
	if err := run.connect(ctx, run.takeOver); err != nil {
		if run.monitor != nil {
			run.monitor.close()
		}
		return err
	}
	run.keep()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started = make(chan struct{})
	m.cancelStart = func() {}
	close(m.started)
	m.begin(run)
	m.log.Info("machine adopted", "dir", m.spec.Dir, "pid", held.PID())
	return nil
}
