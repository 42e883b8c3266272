package ui

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/model"
)

// feed puts the state together from what the daemon and docker tell, and passes it on. Its methods may be called from
// any goroutine.
type feed struct {
	service app.Observer
	launch  func(context.Context) error
	docker  *dock.Source
	publish func(model.State)

	mu    sync.Mutex
	state model.State
}

const (
	retryDaemon = 500 * time.Millisecond
	retryMost   = 5 * time.Second
)

func (f *feed) change(c func(*model.State)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c(&f.state)
	f.state.Now = time.Now()
	f.publish(f.state)
}

// watch follows the daemon until ctx ends, starting one where none runs.
func (f *feed) watch(ctx context.Context) {
	wait := retryDaemon
	for ctx.Err() == nil {
		err := f.service.Watch(ctx, func(s app.Snapshot) error {
			wait = retryDaemon
			f.connect(s)
			f.change(func(st *model.State) { st.Engine, st.Daemon = s, nil })
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		if lerr := f.launch(ctx); lerr != nil {
			err = errors.Join(lerr)
		} else if wait == retryDaemon {
			wait *= 2
			continue // it was only not there yet
		}
		f.docker.Connect("")
		f.change(func(st *model.State) {
			st.Engine, st.Daemon = app.Snapshot{}, app.InfoOf(err)
			if st.Daemon == nil {
				st.Daemon = &app.ErrorInfo{Message: "the connection to the engine was lost"}
			}
		})
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(wait*2, retryMost)
	}
}

func (f *feed) connect(s app.Snapshot) {
	if s.State == app.StateRunning {
		f.docker.Connect(s.Docker.Socket)
	} else {
		f.docker.Connect("")
	}
}

// tick keeps clocks and ages going: every second while something is on its way, else every half minute.
func (f *feed) tick(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		f.mu.Lock()
		busy := f.state.Engine.State.Busy() || f.state.Wish != ""
		f.mu.Unlock()
		if busy || n%30 == 0 {
			f.change(func(*model.State) {})
		}
	}
}
