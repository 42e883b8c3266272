package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

// quickState says where a machine for a fast start is kept, and what it belongs to: the guest image, and all settings that a
// boot takes up.
func (s *session) quickState(set app.Settings) vmhost.State {
	h := sha256.New()
	for _, k := range app.Keys() {
		if !k.Live {
			fmt.Fprintf(h, "%q %q\n", k.Name, k.Get(set))
		}
	}
	return vmhost.State{File: s.cfg.Home.QuickState(), Binding: s.plan.image.Manifest.Inputs + " quick " + hex.EncodeToString(h.Sum(nil))}
}

// quiesceSlack is how long a guest may take, beyond what its containers get, until dockerd has started again.
const quiesceSlack = time.Minute

// lieDown ends the session by stopping all containers and saving the machine, if the setting for a fast start says so: true
// if it is gone. Else it is to be powered off, whatever was done of this.
func (s *session) lieDown(pressed context.Context) bool {
	s.mu.Lock()
	wanted := s.mode == app.StopClean && s.ready
	s.mu.Unlock()
	if _, ok := s.machine.(vmhost.Suspender); !wanted || !ok || s.agent == nil {
		return false
	}
	set, err := s.Settings(pressed)
	if err != nil || !set.FastStart || !s.link.State().Up {
		return false
	}
	if s.quickState(set) != s.quickState(s.plan.settings) {
		s.log.Info("the next start boots, since settings have changed")
		return false
	}
	if err := s.answers(pressed); err != nil {
		s.log.Info("the next start boots, since the guest does not answer", "error", err)
		return false
	}
	ctx, cancel := context.WithTimeout(pressed, s.cfg.Deadlines.Containers+quiesceSlack)
	defer cancel()
	err = s.agent.Quiesce(ctx, s.cfg.Deadlines.Containers)
	if errors.Is(err, errors.ErrUnsupported) {
		return false
	}
	if err == nil {
		s.report("", func(snap *app.Snapshot) { snap.Stage = "saving the virtual machine" })
		err = s.save(pressed, s.quickState(set))
	}
	if err != nil {
		s.log.Warn("the next start boots", "error", err)
		return false
	}
	return true
}

// answers is nil if the agent says soon that it lives.
func (s *session) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_, err := s.agent.Pulse(ctx)
	return err
}

// getUp goes on with a machine that lieDown has saved; nil if there is none that can be used.
func (s *session) getUp(ctx context.Context, r vmhost.Resumer) vmhost.Machine {
	m, err := s.goOn(ctx, r, s.quickState(s.plan.settings))
	if err == nil {
		s.gotUp = true
		return m
	}
	s.log.Info("no fast start", "error", err)
	return nil
}

// dropQuick removes what lieDown has saved. Nothing but memory is lost with it.
func (s *session) dropQuick() {
	if err := statefile.Remove(s.cfg.Home.QuickState()); err != nil {
		s.log.Warn("remove the state of a fast start", "error", err)
	}
}

// rouse starts the containers of a guest that lay down.
func (s *session) rouse() error {
	if !s.adopted {
		return nil
	}
	return s.stage(s.life, "containers", "starting containers", s.cfg.Deadlines.Docker, func(ctx context.Context) error {
		err := s.agent.Rouse(ctx)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil
		}
		return err
	})
}
