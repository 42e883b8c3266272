package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wherry-app/wherry/app"
)

// aim is what a request wants to be true.
type aim int

const (
	aimRunning aim = iota
	aimStopped
	aimReset   // only from stopped or failed
	aimSession // only a look at the session
	aimGiveUp  // the request with this done channel does not wait any more
)

// request is a call of Engine on its way to the owner.
type request struct {
	aim          aim
	mode         app.StopMode
	keepSettings bool
	session      chan<- *session
	done         chan error // buffered; gets the outcome
}

// send hands a request to the owner.
func (e *Engine) send(ctx context.Context, r request) error {
	select {
	case e.requests <- r:
		return nil
	case <-e.quit:
		return ErrNotServing
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask sends a request and waits for its outcome. When ctx ends first, the owner is told that nobody waits any more.
func (e *Engine) ask(ctx context.Context, r request) error {
	r.done = make(chan error, 1)
	if err := e.send(ctx, r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
	}
	r.aim = aimGiveUp
	if err := e.send(context.WithoutCancel(ctx), r); err != nil {
		return err
	}
	return <-r.done
}

// owner is the state of Run. Only its goroutine touches it.
type owner struct {
	*Engine
	snap    app.Snapshot
	sess    *session
	events  chan report
	waiting []request
	answers []func()  // given once the state they tell of is published
	asked   time.Time // when the present start was asked for
	stage   string    // the one that stageBegins saw last
	crashes []time.Time
}

// report is an event of a session with what changed beside it.
type report struct {
	from   *session
	event  event // may be empty
	err    error // of evFailed
	update func(*app.Snapshot)
	bound  time.Duration // of the stage that update begins, if it does; may be 0
}

// Run owns the engine until ctx ends; then it stops the VM cleanly and returns. A VM that an earlier daemon left running
// is taken over first.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.quit)
	defer e.front.withdraw()
	o := &owner{Engine: e, events: make(chan report)}
	o.snap = app.Snapshot{State: app.StateStopped, Since: time.Now(), Docker: app.Docker{Socket: e.cfg.Home.DockerHost()}, Ports: []app.Port{}, Daemon: daemonInfo(e.cfg.Version)}
	switch {
	case e.leftover(ctx):
		o.begin()
	case Suspended(e.cfg.Home):
		o.snap.State = app.StateSuspended
		o.goOnSleeping()
	}
	o.publish()
	for {
		select {
		case r := <-e.requests:
			o.handle(r)
		case r := <-o.events:
			o.apply(r)
		case <-ctx.Done():
			return o.shutdown()
		}
	}
}

// shutdown ends the session before Run returns.
func (o *owner) shutdown() error {
	if o.sess == nil {
		o.answer(ErrNotServing)
		return nil
	}
	o.stop(app.StopClean)
	o.publish()
	var last error
	for o.sess != nil {
		r := <-o.events
		last = r.err
		o.apply(r)
	}
	o.answer(ErrNotServing)
	return last
}

// handle does what a request asks, or lets it wait for the session to get there.
func (o *owner) handle(r request) {
	switch r.aim {
	case aimSession:
		r.session <- o.sess
		return
	case aimGiveUp:
		o.giveUp(r)
		return
	case aimReset:
		if o.sess != nil {
			r.done <- app.Errorf("try again", "the engine was started meanwhile")
			return
		}
		r.done <- o.reset(r.keepSettings)
		o.publish()
		return
	case aimRunning:
		if o.snap.State == app.StateRunning {
			r.done <- nil
			return
		}
		o.waiting = append(o.waiting, r)
		if o.sess == nil {
			o.begin()
		}
	case aimStopped:
		if o.sess == nil {
			r.done <- o.dropSaved(r.mode)
			o.publish()
			return
		}
		o.waiting = append(o.waiting, r)
		o.stop(r.mode)
	}
	o.publish()
}

// giveUp drops a waiting request. A start that nobody waits for any more is undone.
func (o *owner) giveUp(r request) {
	same := func(w request) bool { return w.done == r.done }
	if !slices.ContainsFunc(o.waiting, same) {
		return // answered meanwhile
	}
	o.waiting = slices.DeleteFunc(o.waiting, same)
	r.done <- context.Canceled
	starts := slices.ContainsFunc(o.waiting, func(w request) bool { return w.aim == aimRunning })
	if !starts && o.sess != nil && o.snap.State.Busy() && !o.ending() && !o.sess.wasReady() {
		o.stop(app.StopClean)
		o.publish()
	}
}

// begin starts a session.
func (o *owner) begin() {
	o.asked = time.Now()
	o.move(evStart)
	o.snap.Stages, o.snap.LastError, o.snap.Warnings, o.snap.Paused, o.snap.Uptime = nil, nil, nil, nil, 0
	o.saveError(nil)
	o.sess = newSession(o.Engine, o.events, o.asked)
	go o.sess.live()
}

// stop asks the session to end and tells those who wait for a start.
func (o *owner) stop(mode app.StopMode) {
	if !o.ending() {
		if mode == app.StopSuspend {
			o.move(evSuspend)
		} else {
			o.move(evStop)
		}
		o.snap.Stage = "stopping containers"
		if o.snap.State == app.StateSuspending {
			o.snap.Stage = "saving the virtual machine"
		}
		o.resolve(aimRunning, app.Errorf("run `wherry start` again", "the start was ended by a stop"))
	}
	o.sess.end(mode)
}

// ending says whether the session was asked to end.
func (o *owner) ending() bool {
	return o.snap.State == app.StateStopping || o.snap.State == app.StateSuspending
}

// apply takes a session's report into the state.
func (o *owner) apply(r report) {
	if r.from != o.sess {
		return
	}
	if r.update != nil {
		r.update(&o.snap)
		o.stageBegins(r.bound)
	}
	switch r.event {
	case "":
	case evEnded, evSuspended, evFailed:
		o.over(r)
	case evReady, evAwake:
		o.move(r.event)
		if o.snap.State == app.StateRunning {
			o.snap.Stage = ""
			o.resolve(aimRunning, nil)
		}
	default:
		o.move(r.event)
	}
	o.publish()
}

// over is the end of a session.
func (o *owner) over(r report) {
	stopping := o.ending()
	again := !stopping && o.mayReboot(r.err)
	crashed := r.err != nil && o.sess.wasReady() // a start that was asked for meanwhile is not what failed
	forced := o.sess.forced()
	o.sess = nil
	o.move(r.event)
	o.snap.Stage, o.snap.Driver, o.snap.Accel, o.snap.Uptime = "", "", "", 0
	o.snap.VM, o.snap.Docker.Version, o.snap.Trouble = app.VM{}, "", nil
	if r.err != nil {
		o.snap.LastError = app.InfoOf(r.err)
		o.saveError(o.snap.LastError)
		o.log.Error("engine ended", "error", r.err)
	}
	stopErr := r.err
	if errors.Is(stopErr, context.Canceled) {
		stopErr = nil
	}
	o.resolve(aimStopped, stopErr)
	if !stopping && !crashed {
		o.resolve(aimRunning, r.err)
	}
	if again {
		o.reboot(r.err)
		return
	}
	if slices.ContainsFunc(o.waiting, func(w request) bool { return w.aim == aimRunning }) {
		o.begin() // a start that came while it was stopping, or after the crash
		return
	}
	if r.event == evSuspended && !forced {
		o.fallAsleep()
		return
	}
	if r.event == evSuspended { // it fell asleep by itself in the moment in which the plug was pulled
		if err := o.dropSaved(app.StopForce); err != nil {
			o.log.Error("give up what was saved", "error", err)
		}
	}
	o.snap.Ports, o.snap.Shares = []app.Port{}, nil
	o.front.withdraw()
}

// move applies an event to the state.
func (o *owner) move(e event) {
	now := next(o.snap.State, e)
	if now == o.snap.State {
		return
	}
	o.log.Info("state", "from", o.snap.State, "to", now)
	o.snap.State, o.snap.Since = now, time.Now()
}

// stageBegins notes when the present stage began, and how long it may take.
func (o *owner) stageBegins(bound time.Duration) {
	switch {
	case o.snap.Stage == o.stage:
	case o.snap.Stage == "":
		o.snap.StageSince, o.snap.StageSeconds = time.Time{}, 0
	default:
		o.snap.StageSince, o.snap.StageSeconds = time.Now(), bound.Seconds()
	}
	o.stage = o.snap.Stage
}

// resolve answers all waiting requests with an aim, as soon as the present state is published.
func (o *owner) resolve(a aim, err error) {
	o.waiting = slices.DeleteFunc(o.waiting, func(w request) bool {
		if w.aim == a {
			o.answers = append(o.answers, func() { w.done <- err })
		}
		return w.aim == a
	})
}

// answer answers all waiting requests.
func (o *owner) answer(err error) {
	for _, w := range o.waiting {
		w.done <- err
	}
	o.waiting = nil
}

// publish shows the state to everybody, and then answers those who waited for it. The slices are copied: the owner goes on
// changing its own.
func (o *owner) publish() {
	s := o.snap
	s.Names = o.front.namesState()
	s.Stages, s.Ports, s.Warnings = slices.Clone(s.Stages), slices.Clone(s.Ports), slices.Clone(s.Warnings)
	o.pub.publish(s)
	for _, answer := range o.answers {
		answer()
	}
	o.answers = nil
}
