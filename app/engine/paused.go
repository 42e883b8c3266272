package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/vmhost"
)

// pausedEvery is how often it is looked whether a paused machine can go on.
const pausedEvery = 2 * time.Second

// watchPauses tells the user when the machine is paused because a disk of the host is full or broken, and lets it go on
// when there is room again.
func (s *session) watchPauses() {
	p, ok := s.machine.(vmhost.Pauser)
	if !ok {
		return
	}
	s.task("pauses", func(ctx context.Context) error {
		pauses, stop := p.Pauses()
		defer stop()
		var retry <-chan time.Time
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-pauses:
				retry = nil
				if now.Err != nil {
					retry = time.After(pausedEvery)
				}
				s.tellPause(now)
			case <-retry:
				retry = time.After(pausedEvery)
				if !s.canGoOn() {
					continue
				}
				if err := p.Continue(ctx); err != nil && ctx.Err() == nil {
					s.log.Warn("let the machine go on", "error", err)
				}
			}
		}
	})
}

// tellPause brings a pause, or its end, into the snapshot.
func (s *session) tellPause(p vmhost.Pause) {
	was := s.paused.Swap(p.Err != nil)
	if p.Err == nil && !was {
		return
	}
	info := s.pauseInfo(p)
	s.log.Warn("machine", "paused", p.Err != nil, "error", p.Err)
	s.report("", func(snap *app.Snapshot) { snap.Paused = info })
}

// pauseInfo says what filled and how much is needed.
func (s *session) pauseInfo(p vmhost.Pause) *app.ErrorInfo {
	if p.Err == nil {
		return nil
	}
	if !errors.Is(p.Err, vmhost.ErrHostFull) {
		return app.InfoOf(fmt.Errorf("the VM is paused, since its disk cannot be used: %w", p.Err))
	}
	room, err := space.Of(s.cfg.Home.Root())
	if err != nil {
		return app.InfoOf(fmt.Errorf("the VM is paused: %w", p.Err))
	}
	return app.InfoOf(app.Errorf(
		fmt.Sprintf("free %s or more on the disk of %s; the VM then goes on by itself", app.HumanSize(neededRoom(room)), s.cfg.Home.Root()),
		"the host's disk is full (%s of %s free), so the VM is paused; nothing is lost", app.HumanSize(room.Free), app.HumanSize(room.Total)))
}

// canGoOn says whether the host's disk has room again.
func (s *session) canGoOn() bool {
	room, err := space.Of(s.cfg.Home.Root())
	return err != nil || room.Free >= neededRoom(room)
}

// neededRoom is what has to be free, in bytes, before a paused machine goes on: enough not to be paused again at once.
func neededRoom(s space.Space) int64 { return min(max(s.Total/20, 16<<20), 256<<20) }
