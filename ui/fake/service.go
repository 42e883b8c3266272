package fake

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/wherry-app/wherry/app"
)

// Service is an engine that only says it is one.
type Service struct {
	// Steps are gone through at a start, each taking as long as its Duration.
	Steps []app.Stage
	// Run is what the snapshot of a started engine is made from.
	Run app.Snapshot
	// Host bounds the settings.
	Host app.Host

	mu       sync.Mutex
	snap     app.Snapshot
	settings app.Settings
	news     chan struct{} // closed at each change
	calls    []string
}

var _ app.Service = (*Service)(nil)

// NewService makes a stopped engine.
func NewService() *Service {
	h := app.Host{CPUs: 4, Memory: 16 << 30, Drivers: []string{"qemu"}, Home: "/home/me"}
	return &Service{Run: Running(), Host: h, settings: app.DefaultSettings(h), news: make(chan struct{}), snap: app.Snapshot{State: app.StateStopped, Since: time.Now()}}
}

// Put makes f's changes to the snapshot known.
func (s *Service) Put(f func(*app.Snapshot)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.snap)
	s.snap.Seq++
	close(s.news)
	s.news = make(chan struct{})
}

// Calls lists what was asked for, in order.
func (s *Service) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

func (s *Service) called(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, what)
}

// Snapshot implements app.Observer.
func (s *Service) Snapshot(context.Context) (app.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snap, nil
}

// Watch implements app.Observer.
func (s *Service) Watch(ctx context.Context, f func(app.Snapshot) error) error {
	for {
		s.mu.Lock()
		snap, news := s.snap, s.news
		s.mu.Unlock()
		if err := f(snap); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		}
	}
}

// Start implements app.Lifecycle.
func (s *Service) Start(ctx context.Context) error {
	s.called("start")
	for i, st := range s.Steps {
		s.Put(func(snap *app.Snapshot) {
			*snap = app.Snapshot{State: app.StateBooting, Stage: st.Name, Since: time.Now(), Stages: append([]app.Stage(nil), s.Steps[:i]...)}
			snap.Stages = append(snap.Stages, app.Stage{Name: st.Name, Start: st.Start})
		})
		select {
		case <-ctx.Done():
			s.Put(func(snap *app.Snapshot) { *snap = app.Snapshot{State: app.StateStopped} })
			return ctx.Err()
		case <-time.After(st.Duration):
		}
	}
	s.Put(func(snap *app.Snapshot) { *snap = s.Run; snap.Stages = s.Steps })
	return nil
}

// Stop implements app.Lifecycle.
func (s *Service) Stop(_ context.Context, mode app.StopMode) error {
	s.called("stop " + string(mode))
	next := app.StateStopped
	if mode == app.StopSuspend {
		next = app.StateSuspended
	}
	s.Put(func(snap *app.Snapshot) { *snap = app.Snapshot{State: next, Since: time.Now()} })
	return nil
}

// Restart implements app.Lifecycle.
func (s *Service) Restart(ctx context.Context) error {
	if err := s.Stop(ctx, app.StopClean); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Settings implements app.Configurer.
func (s *Service) Settings(context.Context) (app.Settings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings, nil
}

// Set implements app.Configurer.
func (s *Service) Set(_ context.Context, changes map[string]string) (app.SetResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, err := s.settings.With(changes, s.Host, 0)
	if err != nil {
		return app.SetResult{}, err
	}
	s.settings = next
	s.calls = append(s.calls, fmt.Sprint("set ", changes))
	var keys []string
	for k := range changes {
		keys = append(keys, k)
	}
	return app.SetResult{Settings: next, NeedRestart: keys}, nil
}

// Reset implements app.Configurer.
func (s *Service) Reset(context.Context, bool) error {
	s.called("reset")
	return nil
}

// TracePort implements app.PortTracer.
func (s *Service) TracePort(_ context.Context, container string, port uint16, proto string) (app.Trace, error) {
	return app.ExplainPort(app.PortFacts{Container: container, Port: port, Proto: proto, State: app.StateRunning}), nil
}

// Ports implements app.Inspector.
func (s *Service) Ports(context.Context) ([]app.Port, error) { return nil, nil }

// Logs implements app.Inspector.
func (s *Service) Logs(ctx context.Context, source app.LogSource, follow bool, w io.Writer) error {
	for i := range 30 {
		if _, err := fmt.Fprintf(w, "2026-03-14T15:09:%02d.000Z [INFO]  %s: line %d\n", i, source, i); err != nil {
			return err
		}
	}
	if follow {
		<-ctx.Done()
	}
	return nil
}

// Shell implements app.Inspector.
func (s *Service) Shell(context.Context, app.ShellSession) error { return nil }
