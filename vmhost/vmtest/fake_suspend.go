package vmtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

var (
	_ vmhost.Suspender = (*fakeMachine)(nil)
	_ vmhost.Pauser    = (*fakeMachine)(nil)
)

// fakeState is the header of a fake machine's state. What runs stays in memory and waits for its ticket.
type fakeState struct {
	Spec    vmhost.Spec
	Binding string
	Disks   []string
	Ticket  string
}

func newFakeState(s vmhost.Spec, binding, ticket string) (fakeState, error) {
	state := fakeState{Spec: s, Binding: binding, Ticket: ticket}
	for _, disk := range s.Disks {
		mark, err := statefile.Mark(disk.Path)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // a fake one needs no disk
			return fakeState{}, err
		}
		state.Disks = append(state.Disks, mark)
	}
	return state, nil
}

// Suspend puts the process to sleep and writes a small file; see vmhost.Suspender.
func (m *fakeMachine) Suspend(ctx context.Context, st vmhost.State) error {
	process, knobs := m.current(), m.fake.get()
	if process == nil {
		return vmhost.ErrNotRunning
	}
	m.closeChannels()
	delay := time.NewTimer(knobs.SuspendDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-m.done:
		return vmhost.ErrNotRunning
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return fmt.Errorf("suspend machine: %w", context.Cause(ctx))
	}
	if knobs.SuspendErr != nil {
		return knobs.SuspendErr
	}
	ticket := rand.Text()
	if err := writeFakeState(m.spec, st, ticket); err != nil {
		return fmt.Errorf("suspend machine: %w", err)
	}
	m.mu.Lock()
	if m.process != process {
		m.mu.Unlock()
		return errors.Join(vmhost.ErrNotRunning, statefile.Remove(st.File))
	}
	m.stopped, m.process = true, nil
	m.fake.putAsleep(process, ticket)
	close(m.left)
	m.mu.Unlock()
	<-m.done
	return nil
}

func writeFakeState(s vmhost.Spec, st vmhost.State, ticket string) error {
	header, err := newFakeState(s, st.Binding, ticket)
	if err != nil {
		return err
	}
	w, err := statefile.Create(st.File, header)
	if err != nil {
		return err
	}
	if _, err := w.ReadFrom(bytes.NewReader(make([]byte, 4096))); err != nil {
		w.Abort()
		return err
	}
	return w.Commit()
}

// Resume makes a machine whose Start wakes up the one that was suspended.
func (f *Fake) Resume(ctx context.Context, s vmhost.Spec, st vmhost.State) (vmhost.Machine, error) {
	m, err := f.Create(ctx, s)
	if err == nil {
		m.(*fakeMachine).saved = &st
	}
	return m, err
}

// resume wakes up the process of a state, whose file it removes.
func (f *Fake) resume(s vmhost.Spec, st vmhost.State) (*fakeProcess, error) {
	state, err := readFakeState(s, st)
	if err != nil {
		dropUseless(st.File, err)
		return nil, err
	}
	f.mu.Lock()
	process := f.asleep[state.Ticket]
	delete(f.asleep, state.Ticket)
	f.mu.Unlock()
	if process == nil {
		err = fmt.Errorf("%w: another machine was started since", vmhost.ErrStateMismatch)
		dropUseless(st.File, err)
		return nil, err
	}
	if err := statefile.Remove(st.File); err != nil {
		process.end(err)
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastPID++
	process.info.PID = f.lastPID
	f.processes[s.Dir] = process
	return process, nil
}

// readFakeState reads all of a file and checks that it belongs to the machine.
func readFakeState(s vmhost.Spec, st vmhost.State) (fakeState, error) {
	var state fakeState
	r, err := statefile.Open(st.File, &state)
	if err != nil {
		return state, err
	}
	defer r.Close()
	if _, err := r.WriteTo(new(bytes.Buffer)); err != nil {
		return state, err
	}
	now, err := newFakeState(s, st.Binding, state.Ticket)
	if err != nil {
		return state, err
	}
	if !reflect.DeepEqual(state, now) {
		return state, fmt.Errorf("%w: fake machine", vmhost.ErrStateMismatch)
	}
	return state, nil
}

// dropUseless removes the file of a state that err says is of no use.
func dropUseless(file string, err error) {
	if errors.Is(err, vmhost.ErrStateMismatch) || errors.Is(err, vmhost.ErrStateDamaged) {
		_ = statefile.Remove(file)
	}
}

func (f *Fake) putAsleep(p *fakeProcess, ticket string) {
	f.gone(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asleep[ticket] = p
}

// forgetAsleep returns those that slept in a folder.
func (f *Fake) forgetAsleep(dir string) (processes []*fakeProcess) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ticket, p := range f.asleep {
		if p.spec.Dir == dir {
			delete(f.asleep, ticket)
			processes = append(processes, p)
		}
	}
	return processes
}

// Pause pauses a running machine as a disk that fails does; the zero Pause lets it run.
func (f *Fake) Pause(m vmhost.Machine, p vmhost.Pause) { m.(*fakeMachine).pauses.Set(p) }

func (m *fakeMachine) Pauses() (pauses <-chan vmhost.Pause, cancel func()) { return m.pauses.Watch() }

func (m *fakeMachine) Continue(context.Context) error {
	if m.current() == nil {
		return vmhost.ErrNotRunning
	}
	if err := m.fake.get().ContinueErr; err != nil {
		return err
	}
	m.pauses.Set(vmhost.Pause{})
	return nil
}
