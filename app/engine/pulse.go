package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/vmhost"
)

const (
	// pulseEvery is how often the guest is asked whether it lives, and what time it has.
	pulseEvery = 3 * time.Second
	// pulsePatience is how long it may take to answer; a machine under heavy load is slow.
	pulsePatience = 10 * time.Second
	// silentAfter is how long it may say nothing before people are told, and cutAfter before the link is made anew.
	silentAfter, cutAfter = 10 * time.Second, 30 * time.Second
	// clockSlack is how far the guest's clock may be off, beyond what the answer's own time makes uncertain.
	clockSlack = 250 * time.Millisecond
)

// pulse feels the guest's pulse while the session lives: it finds out that the guest does not answer, tells what is known
// of that, does what loses nothing, and keeps the guest's clock right.
type pulse struct {
	*guest
	heard  time.Time // the last answer
	silent bool      // people were told
	cut    bool      // the link was made anew since
}

func (g *guest) feelPulse(ctx context.Context) error {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	p := &pulse{guest: g, heard: time.Now()}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if g.paused.Load() || !g.wasReady() {
			p.heard = time.Now()
			continue
		}
		err := p.beat(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errors.ErrUnsupported):
			return nil // an older guest, taken over as it runs
		case err != nil:
			p.missed(ctx, err)
		}
	}
}

// beat asks the guest once.
func (p *pulse) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pulsePatience)
	defer cancel()
	asked := time.Now()
	clock, err := p.agent.Pulse(ctx)
	if err != nil {
		return err
	}
	took := time.Since(asked)
	p.heard = time.Now()
	if off := clockOff(clock, asked, took); off != 0 {
		p.log.Info("the guest's clock is off", "off", off)
		p.syncClock(ctx)
	}
	if p.silent {
		p.silent, p.cut = false, false
		p.log.Info("the guest answers again")
		p.report(evLinked, func(snap *app.Snapshot) { snap.Trouble, snap.Stage = nil, "waiting for docker to come back" })
		p.takeAgain()
	}
	return nil
}

// clockOff is how far a clock is off that was read within took of asked; 0 if that is too little to be sure of, or to matter.
func clockOff(clock, asked time.Time, took time.Duration) time.Duration {
	off := clock.Sub(asked.Round(0).Add(took / 2))
	if off.Abs() <= clockSlack+took/2 {
		return 0
	}
	return off
}

// missed is a pulse that did not come.
func (p *pulse) missed(ctx context.Context, err error) {
	quiet := time.Since(p.heard)
	if quiet < silentAfter {
		return
	}
	cause := p.check(ctx)
	if !p.silent {
		p.log.Warn("the guest does not answer", "for", quiet, "error", err, "cause", cause)
	}
	p.silent = true
	info := trouble(cause)
	p.report(evLinkLost, func(snap *app.Snapshot) { snap.Trouble, snap.Stage = info, "waiting for the guest to answer" })
	checker, ok := p.machine.(vmhost.Checker)
	switch {
	case ok && errors.Is(cause, vmhost.ErrHeld):
		if err := checker.Unhold(); err != nil {
			p.log.Warn("let the machine go on", "error", err)
		}
	case cause == nil && quiet >= cutAfter && !p.cut:
		p.log.Warn("the link is made anew")
		p.cut = true
		p.cutLink()
	}
}

// check is why the machine's processors do not run; nil if they do, or nobody knows.
func (p *pulse) check(ctx context.Context) error {
	c, ok := p.machine.(vmhost.Checker)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return c.Check(ctx)
}

// trouble is what people are told of a guest that does not answer.
func trouble(cause error) *app.ErrorInfo {
	switch {
	case cause == nil:
		return app.InfoOf(app.Errorf("wait a moment; if it stays like this, run `wherry restart`, which ends its containers",
			"the guest does not answer, though its machine runs: it is overloaded, or hangs"))
	case errors.Is(cause, vmhost.ErrHeld):
		return app.InfoOf(app.Errorf("nothing: it is being let go on", "the guest does not answer: %w", cause))
	case errors.Is(cause, vmhost.ErrNoAnswer):
		return app.InfoOf(app.Errorf("wait a moment; if it stays like this, run `wherry stop --force`, then `wherry start`", "the guest does not answer: %w", cause))
	}
	return app.InfoOf(app.Errorf("see `wherry logs kernel`", "the guest does not answer: %w", cause))
}

// takeAgain takes up once more what the guest said last: nobody knew whether it still holds.
func (g *guest) takeAgain() {
	g.mu.Lock()
	last := g.last
	g.mu.Unlock()
	if last != nil {
		g.take(*last)
	}
}

// cutLink breaks the link, which comes back by itself.
func (s *session) cutLink() {
	s.mu.Lock()
	conn := s.linkConn
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// dockerTrouble is what people are told of a dockerd that does not answer, by what the guest says of it.
func dockerTrouble(state, text string) *app.ErrorInfo {
	if text == "" {
		text = fmt.Sprintf("it is %s", state)
	}
	return app.InfoOf(app.Errorf("nothing: it is started again by itself; see `wherry logs engine`", "docker does not answer: %s", text))
}
