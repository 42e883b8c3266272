package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/outbound"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/vmhost"
)

// errEnded is the cause of a session's context when its end was asked for.
var errEnded = errors.New("session was asked to end")

// session is one life of a VM, from the decision to start it until nothing of it is left.
type session struct {
	*Engine
	log    hclog.Logger
	events chan<- report
	asked  time.Time

	// life ends when the VM has to; cancel ends it.
	life   context.Context //nolint:containedctx // the session is the owner of this lifetime
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	mode     app.StopMode // how to end, once life is over
	over     bool         // the end was asked for
	hold     bool         // a machine may have to be taken over first, for a clean end to end it cleanly
	force    chan struct{}
	ready    bool            // docker has answered once
	saved    bool            // the machine was suspended
	paused   atomic.Bool     // the host cannot write the machine's disk: it does not answer, and is well
	linkConn net.Conn        // what the link runs over
	last     *control.Status // nil before there is one
	// containersCPU is what containers had used of the processors when the guest said so last, at sampled.
	containersCPU time.Duration
	sampled       time.Time

	plan      plan
	verified  bool // the image's files were checked
	machine   vmhost.Machine
	adopted   bool // machine was found running or resumed: its guest has booted before
	gotUp     bool // adopted from the state of a fast start: no container runs in it yet
	info      vmhost.Info
	link      *link.Client
	agent     *control.Client
	network   *outbound.Network // nil if it could not be made
	cleanup   []func()
	published *published // set when ready
	inside    int        // how much of cleanup there was before docker was offered on the host
	tasks     sync.WaitGroup
}

func newSession(e *Engine, events chan<- report, asked time.Time) *session {
	s := &session{Engine: e, log: e.log, events: events, asked: asked, mode: app.StopClean, force: make(chan struct{}), hold: true}
	s.life, s.cancel = context.WithCancelCause(context.Background())
	return s
}

// end asks the session to end. A later, harder mode overtakes an earlier one.
func (s *session) end(mode app.StopMode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case mode == app.StopForce && s.mode != app.StopForce:
		s.mode = mode
		close(s.force)
	case s.mode != app.StopForce && (!s.over || mode == app.StopClean || mode == app.StopPowerOff):
		s.mode = mode
	}
	s.over = true
	if !s.hold || s.mode == app.StopForce {
		s.cancel(errEnded)
	}
}

// taken says that there is nothing to take over, or that it is.
func (s *session) taken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = false
	if s.over {
		s.cancel(errEnded)
	}
}

func (s *session) wasReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// forced says whether the session was to end by pulling the plug.
func (s *session) forced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode == app.StopForce
}

// live runs the session. It reports its end as the last thing, after all of it is gone.
func (s *session) live() {
	err := s.run()
	s.taken()
	s.cancel(err)
	err = errors.Join(err, s.shutdown(err), s.discard())
	s.unwind()
	ev := evEnded
	switch {
	case err != nil:
		ev = evFailed
	case s.saved:
		ev = evSuspended
	}
	s.events <- report{from: s, event: ev, err: err}
}

// run brings the VM up and stays until it has to end: nil if that was asked for.
func (s *session) run() error {
	err := s.prepare()
	if err == nil {
		err = s.bootOrFallBack()
	}
	if err == nil {
		err = s.serve()
	}
	if context.Cause(s.life) == errEnded { //nolint:errorlint // the cause is that very value
		return nil
	}
	return err
}

// report sends an event and an update to the owner.
func (s *session) report(e event, update func(*app.Snapshot)) {
	s.events <- report{from: s, event: e, update: update}
}

// stage runs a step of the start under its name: people see it, its time is kept, and its errors carry the name.
func (s *session) stage(life context.Context, name, words string, deadline time.Duration, f func(context.Context) error) error {
	begun := time.Now()
	s.events <- report{from: s, bound: deadline, update: func(snap *app.Snapshot) {
		snap.Stage = words
		snap.Stages = append(snap.Stages, app.Stage{Name: name, Start: begun.Sub(s.asked)})
	}}
	ctx, cancel := life, context.CancelFunc(func() {})
	if deadline > 0 {
		ctx, cancel = context.WithTimeoutCause(life, deadline, fmt.Errorf("no answer within %s", deadline))
	}
	defer cancel()
	err := f(ctx)
	took := time.Since(begun)
	s.report("", func(snap *app.Snapshot) {
		for i := range slices.Backward(snap.Stages) {
			if snap.Stages[i].Name == name && !snap.Stages[i].Guest {
				snap.Stages[i].Duration = took
				return
			}
		}
	})
	if err == nil {
		s.log.Debug("stage done", "stage", name, "took", took)
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = context.Cause(ctx)
	}
	return &app.Error{Op: words, Err: err}
}

// unwind undoes what was pushed, and waits for the tasks.
func (s *session) unwind() {
	s.undo(0)
	s.tasks.Wait()
}

// undo undoes what was pushed after the first keep.
func (s *session) undo(keep int) {
	for _, f := range slices.Backward(s.cleanup[keep:]) {
		f()
	}
	s.cleanup = s.cleanup[:keep]
}

// later pushes something to undo when the session ends; last in, first out.
func (s *session) later(f func()) { s.cleanup = append(s.cleanup, f) }

// task runs f beside the session, until its context ends with the session's cleanup; live waits for it. An error is
// logged; the session goes on.
func (s *session) task(name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.life))
	s.later(cancel)
	s.tasks.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("task ended", "task", name, "error", err)
		}
	})
}

// shutdown ends the machine: by its agent if it answers and nothing is wrong with it, else by pulling the plug. cause is
// what ended the session, nil if that was asked for.
func (s *session) shutdown(cause error) error {
	if s.machine == nil || s.saved {
		return nil
	}
	pressed, release := context.WithCancel(context.Background())
	defer release()
	go func() {
		select {
		case <-s.force:
			release()
		case <-s.machine.Done(): // nothing to wait for any more
			release()
		case <-pressed.Done():
		}
	}()
	if s.wasReady() {
		s.front.pause()
		if !s.suspends() && cause == nil {
			s.front.withdraw()
		}
		s.undo(s.inside) // dockerd waits seconds for its clients to go
	}
	if cause == nil && (s.suspend(pressed) || s.lieDown(pressed)) {
		return nil
	}
	ctx, cancel := context.WithTimeout(pressed, s.cfg.Deadlines.Containers+s.cfg.Deadlines.PowerOff)
	defer cancel()
	if s.agent != nil && cause == nil {
		if err := s.powerOff(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("guest does not shut down", "error", err)
		}
	}
	kill, cancelKill := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancelKill()
	if err := s.machine.Stop(kill, vmhost.StopKill); err != nil {
		return fmt.Errorf("end the virtual machine: %w", err)
	}
	return nil
}

// discard ends a machine that an earlier daemon left and that could not be taken over, if the session was asked to end.
func (s *session) discard() error {
	s.mu.Lock()
	over := s.over
	s.mu.Unlock()
	if !over || s.machine != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return DiscardVM(ctx, s.cfg.Drivers, s.cfg.Home.VM())
}

// powerOff asks the agent for a clean shutdown and waits for the machine to be gone.
func (s *session) powerOff(ctx context.Context) error {
	if !s.link.State().Up && !s.wasReady() {
		return errors.New("its agent does not answer yet")
	}
	ask, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	go func() {
		select {
		case <-s.machine.Done(): // faster than its answer
			cancel()
		case <-ask.Done():
		}
	}()
	err := s.agent.Shutdown(ask, s.cfg.Deadlines.Containers)
	select {
	case <-s.machine.Done():
		return nil
	default:
	}
	if err != nil {
		return fmt.Errorf("ask for shutdown: %w", err)
	}
	select {
	case <-s.machine.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
