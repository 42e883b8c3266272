package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/vmhost"
)

// state says where a suspended machine is kept, and that it belongs to this guest image.
func (s *session) state() vmhost.State {
	return vmhost.State{File: s.cfg.Home.SavedState(), Binding: s.binding()}
}

// suspends says whether the session is to end by saving the machine.
func (s *session) suspends() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode == app.StopSuspend && s.ready
}

// suspend saves the machine if that is how the session is to end. If it cannot, the machine goes on, and false says that
// it has to be ended in another way.
func (s *session) suspend(ctx context.Context) bool {
	if !s.suspends() {
		return false
	}
	err := s.save(ctx, s.state())
	if err == nil {
		s.saved = true
		return true
	}
	s.log.Warn("the machine is stopped instead of suspended", "error", err)
	s.front.withdraw()
	s.report("", func(snap *app.Snapshot) {
		snap.Warnings = append(snap.Warnings, *app.InfoOf(fmt.Errorf("the virtual machine was stopped, not suspended: %w", err)))
	})
	return false
}

// saveDeadline is how long a machine may take to be saved.
const saveDeadline = 90 * time.Second

// save ends the machine with its state in a file. After an error it goes on.
func (s *session) save(ctx context.Context, st vmhost.State) error {
	m, ok := s.machine.(vmhost.Suspender)
	if !ok {
		return errors.New("its hypervisor cannot save it")
	}
	ctx, cancel := context.WithTimeout(ctx, saveDeadline)
	defer cancel()
	s.shrink(ctx)
	return m.Suspend(ctx, st)
}

// shrink writes the guest's disks out and empties its caches: what it does not hold need not be saved.
func (s *session) shrink(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req := control.ShellRequest{Args: []string{"sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches"}}
	if err := control.Shell(ctx, s.link, req, strings.NewReader(""), io.Discard, nil); err != nil {
		s.log.Warn("empty the guest's caches", "error", err)
	}
}

// resume goes on with a saved machine: nil without an error if there is none, or none that can be used, so that the guest
// has to boot.
func (s *session) resume(ctx context.Context) (vmhost.Machine, error) {
	r, ok := s.plan.driver.(vmhost.Resumer)
	if !ok {
		return nil, nil
	}
	if !Suspended(s.cfg.Home) {
		return s.getUp(ctx, r), nil
	}
	m, err := s.goOn(ctx, r, s.state())
	switch {
	case err == nil:
		return m, nil
	case useless(err):
		s.log.Warn("saved machine cannot be used; booting", "error", err)
		s.report("", func(snap *app.Snapshot) {
			snap.Warnings = append(snap.Warnings, *app.InfoOf(fmt.Errorf("what was suspended could not be resumed, so the guest has booted: %w", err)))
		})
		return nil, nil
	}
	return nil, err
}

// goOn starts a machine that was saved.
func (s *session) goOn(ctx context.Context, r vmhost.Resumer, st vmhost.State) (vmhost.Machine, error) {
	m, err := r.Resume(ctx, s.plan.spec, st)
	if err == nil {
		s.info, err = m.Start(ctx)
	}
	return m, err
}

// useless says whether an error of a resume means that what was saved can never be used.
func useless(err error) bool {
	return errors.Is(err, vmhost.ErrStateMismatch) || errors.Is(err, vmhost.ErrStateDamaged) || errors.Is(err, fs.ErrNotExist)
}

// Suspended says whether a saved machine waits in a state directory.
func Suspended(h home.Dir) bool {
	_, err := os.Stat(h.SavedState())
	return err == nil
}

// dropSaved answers a stop while nothing runs: a hard one gives a saved machine up.
func (o *owner) dropSaved(mode app.StopMode) error {
	if mode != app.StopForce || o.snap.State != app.StateSuspended {
		return nil
	}
	if err := os.Remove(o.cfg.Home.SavedState()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the saved machine: %w", err)
	}
	_ = os.Remove(o.cfg.Home.SavedRules())
	o.front.withdraw()
	o.snap.State, o.snap.Ports = app.StateStopped, []app.Port{}
	return nil
}
