package vmtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// ErrKilled is why a fake machine is gone that was killed from outside.
var ErrKilled = errors.New("machine was killed from outside")

// Knobs choose how a Fake fails; the zero value does not. They hold for what begins after they were set.
type Knobs struct {
	// ProbeErr is what Probe returns.
	ProbeErr error
	// StartErr is what Start returns, after StartDelay.
	StartErr error
	// StartDelay is how long Start takes, if its context lasts as long.
	StartDelay time.Duration
	// DieAfter is how long a started machine lives; 0 is forever.
	DieAfter time.Duration
	// DieErr is Err of a machine that died of DieAfter; nil is a power-off by the guest.
	DieErr error
	// HangOnStop makes a machine immortal to Stop, which then ends with its context, and that with an error.
	HangOnStop bool
	// SuspendErr is what Suspend returns, after SuspendDelay; the machine goes on then.
	SuspendErr error
	// SuspendDelay is how long Suspend takes, if its context lasts as long.
	SuspendDelay time.Duration
	// ResumeErr is what Start of a resumed machine returns, after StartDelay. What Resumer says of the file holds.
	ResumeErr error
	// ContinueErr is what Continue returns; a paused machine stays so then.
	ContinueErr error
	// Refuse makes Open fail, by channel.
	Refuse map[vmhost.Channel]error
	// Script is what the host reads first on each newly opened channel, before what the guest writes.
	Script map[vmhost.Channel][]byte
}

// Fake is a driver whose machines are values of this process. It needs no clean-up, and no time but what its knobs say.
type Fake struct {
	mu      sync.Mutex
	knobs   Knobs
	lastPID int
	// processes are the machines that run, by their folder; they live on when their owner is orphaned.
	processes map[string]*fakeProcess
	owners    map[string]*fakeMachine
	// asleep are the suspended ones, by the ticket in their files.
	asleep map[string]*fakeProcess
}

var (
	_ vmhost.Driver  = (*Fake)(nil)
	_ vmhost.Adopter = (*Fake)(nil)
	_ vmhost.Resumer = (*Fake)(nil)
)

// NewFake makes a Fake without failures.
func NewFake() *Fake {
	return &Fake{
		processes: make(map[string]*fakeProcess),
		owners:    make(map[string]*fakeMachine),
		asleep:    make(map[string]*fakeProcess),
	}
}

// Set replaces the knobs.
func (f *Fake) Set(k Knobs) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.knobs = k
}

// Name is "fake".
func (f *Fake) Name() string { return "fake" }

// Probe returns Knobs.ProbeErr.
func (f *Fake) Probe(context.Context) error { return f.get().ProbeErr }

// Create makes a machine; any Spec with a Dir will do.
func (f *Fake) Create(_ context.Context, s vmhost.Spec) (vmhost.Machine, error) {
	if s.Dir == "" {
		return nil, errors.New("no machine folder")
	}
	return newFakeMachine(f, s), nil
}

// Guest is the inside of a running machine of this driver. It panics on any other machine.
func (f *Fake) Guest(m vmhost.Machine) *Guest {
	process := m.(*fakeMachine).current()
	if process == nil {
		panic("vmtest: machine has no guest since it does not run")
	}
	return &Guest{process}
}

// Kill ends a running machine as kill -9 from outside would; ErrKilled is why it is gone then.
func (f *Fake) Kill(dir string) {
	f.mu.Lock()
	process := f.processes[dir]
	f.mu.Unlock()
	if process != nil {
		process.end(ErrKilled)
	}
}

// Orphan makes the owner of a running machine forget it, as if the owner's process had died: m is not of use any more
// (its Done is never closed), but Find, Adopt and Discard see what it left.
func (f *Fake) Orphan(m vmhost.Machine) { m.(*fakeMachine).forget() }

// Find looks for an orphaned or running machine.
func (f *Fake) Find(_ context.Context, dir string) (vmhost.Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if process := f.processes[dir]; process != nil {
		return process.info, nil
	}
	return vmhost.Info{}, vmhost.ErrNoMachine
}

// Adopt takes over an orphaned machine.
func (f *Fake) Adopt(_ context.Context, s vmhost.Spec) (vmhost.Machine, error) {
	m := newFakeMachine(f, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	process := f.processes[s.Dir]
	switch {
	case process == nil:
		return nil, vmhost.ErrNoMachine
	case f.owners[s.Dir] != nil:
		return nil, errInUse(s.Dir)
	case !reflect.DeepEqual(process.spec, s):
		return nil, errors.New("machine was made from another spec")
	}
	f.owners[s.Dir] = m
	close(m.started)
	m.claimed, m.process = true, process
	go m.watch(process)
	return m, nil
}

// Discard kills a machine, whether it has an owner or not, and returns when the owner has let go of it.
func (f *Fake) Discard(_ context.Context, dir string) error {
	f.mu.Lock()
	process, owner := f.processes[dir], f.owners[dir]
	f.mu.Unlock()
	if process != nil {
		process.end(ErrKilled)
		if owner != nil {
			<-owner.done
		}
	}
	return nil
}

func (f *Fake) get() Knobs {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.knobs
}

// claim makes m the only owner of its folder.
func (f *Fake) claim(m *fakeMachine) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.owners[m.spec.Dir] != nil || f.processes[m.spec.Dir] != nil {
		return errInUse(m.spec.Dir)
	}
	f.owners[m.spec.Dir] = m
	return nil
}

func (f *Fake) unclaim(m *fakeMachine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.owners[m.spec.Dir] == m {
		delete(f.owners, m.spec.Dir)
	}
}

// run starts the process of a machine. Those that sleep in its folder never wake up.
func (f *Fake) run(s vmhost.Spec) *fakeProcess {
	for _, process := range f.forgetAsleep(s.Dir) {
		process.end(nil)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastPID++
	process := newFakeProcess(f, s, f.lastPID)
	f.processes[s.Dir] = process
	return process
}

func (f *Fake) gone(p *fakeProcess) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.processes[p.spec.Dir] == p {
		delete(f.processes, p.spec.Dir)
	}
}

func errInUse(dir string) error { return fmt.Errorf("machine folder %q is in use", dir) }
