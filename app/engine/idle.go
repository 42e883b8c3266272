package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/vmhost"
)

// naps decides when a running engine falls asleep by itself.
type naps struct {
	timer *time.Timer
	watch idleWatch
}

func (s *session) naps() *naps {
	return &naps{timer: time.NewTimer(time.Second), watch: newIdleWatch(time.Now())}
}

func (n *naps) due() <-chan time.Time { return n.timer.C }

const (
	// napLook is how often it is looked at most whether somebody needs the machine.
	napLook = 30 * time.Second
	// napRetry is the pause after a machine could not be saved.
	napRetry = 10 * time.Minute
	// napAsk is how long docker may take to say what runs; if it takes longer, it is busy.
	napAsk = 3 * time.Second
	// idleShare is how much of one processor containers may use and still count as idle.
	idleShare = 0.01
)

// use is what can be seen of the machine's use at a moment.
type use struct {
	at time.Time
	// idle says that no client of docker is there, since when.
	idle bool
	left time.Time
	// clients of published ports, and the bytes that have ever passed there.
	clients int
	bytes   int64
	// running containers, and the processor time that containers have ever used.
	running int
	cpu     time.Duration
	// sampled is when cpu was measured.
	sampled time.Time
}

// idleWatch finds out since when nobody needs the machine.
type idleWatch struct {
	since time.Time // the last sign of use
	last  use
}

func newIdleWatch(now time.Time) idleWatch { return idleWatch{since: now} }

// see takes one more look in. With sleepers, running containers that use no processor are no sign of use.
func (w *idleWatch) see(u use, sleepers bool) {
	last := w.last
	busy := !u.idle || u.clients > 0 || u.bytes != last.bytes || u.running > 0 && !sleepers
	if span := u.sampled.Sub(last.sampled); u.running > 0 && span > 0 {
		busy = busy || u.cpu-last.cpu > time.Duration(idleShare*float64(span))
	} else if u.running > 0 {
		u.cpu, u.sampled = last.cpu, last.sampled
	}
	w.last = u
	switch {
	case busy:
		w.since = u.at
	case u.left.After(w.since):
		w.since = u.left
	}
}

// nap looks whether anybody needs the machine and saves it when nobody has for long enough: true if it is gone.
func (s *session) nap(n *naps) (gone bool) {
	set, err := s.Settings(s.life)
	pause := napLook
	defer func() { n.timer.Reset(pause) }()
	if _, can := s.machine.(vmhost.Suspender); err != nil || set.SleepAfter == 0 || !can || !s.wasReady() { // for a rescue, docker is not offered
		n.watch = newIdleWatch(time.Now())
		return false
	}
	pause = min(max(set.SleepAfter/10, time.Second), napLook)
	u, err := s.use()
	if err != nil {
		s.log.Debug("nobody knows whether docker is used", "error", err)
		n.watch = newIdleWatch(time.Now())
		return false
	}
	n.watch.see(u, set.SleepIdleContainers)
	if u.at.Sub(n.watch.since) < set.SleepAfter || !s.front.pauseIfIdle() {
		return false
	}
	s.log.Info("nobody needs the machine: it is saved", "idle_since", n.watch.since)
	if gone = s.fallAsleep(); !gone {
		pause, n.watch = napRetry, newIdleWatch(time.Now())
	}
	return gone
}

// use looks at who uses the machine.
func (s *session) use() (use, error) {
	u := use{at: time.Now()}
	u.left, u.idle = s.front.idleSince()
	u.clients, u.bytes = s.front.traffic()
	s.mu.Lock()
	u.cpu, u.sampled = s.containersCPU, s.sampled
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(s.life, napAsk)
	defer cancel()
	list, err := s.published.docker.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return use{}, fmt.Errorf("list containers: %w", err)
	}
	u.running = len(list.Items)
	return u, nil
}

// fallAsleep saves the machine, while clients wait. If it cannot, the machine goes on and they are let in again.
func (s *session) fallAsleep() bool {
	s.report(evNap, func(snap *app.Snapshot) { snap.Stage = "saving the virtual machine" })
	err := s.save(s.life, s.state())
	if err == nil {
		s.saved = true
		return true
	}
	if s.life.Err() != nil {
		return false
	}
	s.log.Warn("the machine cannot be saved and goes on", "error", err)
	s.front.serve(s)
	s.report(evAwake, func(snap *app.Snapshot) {
		snap.Stage = ""
		snap.Warnings = append(snap.Warnings, *app.InfoOf(app.Errorf("run `wherry settings set sleep_after off` if this goes on", "the idle virtual machine could not be saved: %w", err)))
	})
	return false
}
