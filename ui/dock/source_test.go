package dock_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/model"
)

// watcher keeps the newest lists and lets a test wait for some.
type watcher struct {
	mu   sync.Mutex
	last model.Lists
	news chan struct{}
}

func (w *watcher) publish(l model.Lists) {
	w.mu.Lock()
	w.last = l
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *watcher) until(t *testing.T, what string, f func(model.Lists) bool) model.Lists {
	t.Helper()
	end := time.After(10 * time.Second)
	for {
		w.mu.Lock()
		l := w.last
		w.mu.Unlock()
		if f(l) {
			return l
		}
		select {
		case <-w.news:
		case <-end:
			t.Fatalf("no %s; last: %+v", what, l)
		}
	}
}

func open(t *testing.T, d *fake.Docker) (*dock.Source, *watcher) {
	t.Helper()
	w := &watcher{news: make(chan struct{}, 1)}
	s := dock.New(dock.Config{Publish: w.publish, StatsEvery: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	if d != nil {
		s.Connect(d.Socket)
	}
	return s, w
}

func TestListsFollowEvents(t *testing.T) {
	d := fake.NewDocker(t)
	d.Set(fake.Containers(), fake.Images())
	s, w := open(t, d)
	l := w.until(t, "first lists", func(l model.Lists) bool { return l.Ready })
	if len(l.Containers) != 9 || len(l.Images) == 0 || l.Volumes[0].Name != "data" || l.Networks[0].Subnet != "172.17.0.0/16" {
		t.Fatalf("%+v", l)
	}
	if c := l.Containers[1]; c.Name != "shop-api-1" || c.Project != "shop" || c.Health != "healthy" || c.Ports[0].URL() != "http://localhost:3000" || c.Since.IsZero() {
		t.Errorf("%+v", c)
	}
	began := time.Now()
	if err := s.Stop(t.Context(), l.Containers[0].ID); err != nil {
		t.Fatal(err)
	}
	w.until(t, "stopped container", func(l model.Lists) bool { return l.Containers[0].State == "exited" })
	t.Logf("from the call to the changed list: %v", time.Since(began))
	if err := s.Remove(t.Context(), l.Containers[0].ID, true); err != nil {
		t.Fatal(err)
	}
	w.until(t, "shorter list", func(l model.Lists) bool { return len(l.Containers) == 8 })
	if err := s.Remove(t.Context(), l.Containers[0].ID, true); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
}

func TestStats(t *testing.T) {
	d := fake.NewDocker(t)
	d.Set(fake.Containers(), nil)
	s, w := open(t, d)
	l := w.until(t, "lists", func(l model.Lists) bool { return l.Ready })
	id := l.Containers[0].ID
	s.Watch([]string{id})
	l = w.until(t, "figures", func(l model.Lists) bool { return l.Stats[id].CPU > 0 })
	if st := l.Stats[id]; st.CPU > 400 || st.Memory < 48<<20 || st.Processes != 3 {
		t.Errorf("%+v", st)
	}
	if len(l.Stats) != 1 {
		t.Errorf("figures of %d containers, only one is watched", len(l.Stats))
	}
	if err := s.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.until(t, "no figures of a stopped container", func(l model.Lists) bool { _, ok := l.Stats[id]; return !ok && l.Containers[0].State == "exited" })
}

func TestEngineGoesAndComes(t *testing.T) {
	d := fake.NewDocker(t)
	d.Set(fake.Containers(), nil)
	s, w := open(t, d)
	w.until(t, "lists", func(l model.Lists) bool { return l.Ready })
	d.Drop()
	w.until(t, "lists after a lost connection", func(l model.Lists) bool { return l.Ready && len(l.Containers) == 9 })
	s.Connect("")
	w.until(t, "empty lists", func(l model.Lists) bool { return !l.Ready && l.Err == nil && len(l.Containers) == 0 })
	err := s.Start(t.Context(), "x")
	if err == nil || app.InfoOf(err).Hint != "Start the engine first." {
		t.Errorf("without an engine: %v", err)
	}
	s.Connect("unix:///nowhere/docker.sock")
	w.until(t, "error", func(l model.Lists) bool { return l.Err != nil })
	s.Connect(d.Socket)
	w.until(t, "lists of the new engine", func(l model.Lists) bool { return len(l.Containers) == 9 })
}

func TestPull(t *testing.T) {
	d := fake.NewDocker(t)
	s, w := open(t, d)
	w.until(t, "lists", func(l model.Lists) bool { return l.Ready })
	d.Pulls(`{"status":"Pulling from library/nginx","id":"latest"}`, `{"status":"Downloading","id":"a","progressDetail":{"current":5,"total":10}}`, `{"status":"Pull complete","id":"a","progressDetail":{}}`)
	var got []model.Progress
	if err := s.Pull(t.Context(), "nginx", func(p model.Progress) { got = append(got, p) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[1] != (model.Progress{ID: "a", Status: "Downloading", Current: 5, Total: 10}) {
		t.Errorf("%+v", got)
	}
	d.Pulls(`{"status":"x"}`, `{"error":"manifest unknown","errorDetail":{"message":"manifest unknown"}}`)
	err := s.Pull(t.Context(), "nginx:nope", func(model.Progress) {})
	if info := app.InfoOf(err); err == nil || !strings.HasPrefix(info.Message, "pull nginx:nope: ") || !strings.Contains(info.Hint, "docker login") {
		t.Errorf("%+v", info)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Pull(ctx, "nginx", func(model.Progress) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRunAndLogs(t *testing.T) {
	d := fake.NewDocker(t)
	d.Set([]model.Container{{ID: "made", Name: "x", State: "created"}}, nil)
	s, w := open(t, d)
	w.until(t, "lists", func(l model.Lists) bool { return l.Ready })
	id, err := s.RunContainer(t.Context(), model.Run{Image: "nginx", Restart: "no", Ports: []model.Port{{HostIP: "127.0.0.1", HostPort: 81, Port: 80, Proto: "tcp"}}})
	if err != nil || id != "made" {
		t.Fatalf("%q %v", id, err)
	}
	if calls := d.Calls(); !slices.Equal(calls, []string{"POST /containers/create", "POST /containers/made/start"}) {
		t.Errorf("%q", calls)
	}
	var out, errs strings.Builder
	if err := s.Logs(t.Context(), "made", 10, false, &out, &errs); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "to standard output\n") || !strings.HasSuffix(errs.String(), "to standard error\n") {
		t.Errorf("%q %q", out.String(), errs.String())
	}
}

func TestNothingLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		d := fake.NewDocker(t)
		d.Set(fake.Many(50), nil)
		s, w := open(t, d)
		l := w.until(t, "lists", func(l model.Lists) bool { return l.Ready })
		s.Watch([]string{l.Containers[0].ID, l.Containers[1].ID})
		w.until(t, "figures", func(l model.Lists) bool { return len(l.Stats) == 2 })
	})
	end := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before+1 && time.Now().Before(end) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+1 {
		t.Errorf("%d goroutines before, %d after", before, n)
	}
}
