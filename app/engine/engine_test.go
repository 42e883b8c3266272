package engine_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest"
)

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStartOffersDockerAndStopEndsEverything(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := w.engine.Snapshot(t.Context())
	if err != nil || s.State != app.StateRunning || s.Docker.Version != "26.1.5" || s.Driver != "fake" || s.VM.PID == 0 || s.LastError != nil {
		t.Errorf("%+v, %v", s, err)
	}
	var names []string
	for _, st := range s.Stages {
		names = append(names, st.Name)
	}
	for _, want := range []string{"image", "driver", "disk", "vm", "agent", "docker", "kernel"} {
		if !strings.Contains(strings.Join(names, " "), want) {
			t.Errorf("stages %v lack %s", names, want)
		}
	}
	if got := getPing(t, w); got != "1.45" {
		t.Errorf("docker on the forwarded socket says %q", got)
	}
	if st, err := os.Stat(w.home.DockerSocket()); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("docker socket: %v, %v", st.Mode(), err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Errorf("start of a running engine: %v", err)
	}
	if err := w.engine.Stop(t.Context(), app.StopClean); err != nil {
		t.Fatal(err)
	}
	if w.guest.shutdowns() != 1 {
		t.Errorf("the guest was asked to shut down %d times", w.guest.shutdowns())
	}
	if _, err := w.fake.Find(t.Context(), w.home.VM()); !errors.Is(err, vmhost.ErrNoMachine) {
		t.Errorf("after stop: %v", err)
	}
	if _, err := net.Dial("unix", w.home.DockerSocket()); err == nil {
		t.Error("the docker socket still answers")
	}
	if err := w.engine.Stop(t.Context(), app.StopClean); err != nil {
		t.Errorf("stop of a stopped engine: %v", err)
	}
}

// getPing asks docker for its API version through the forwarded socket.
func getPing(t *testing.T, w *world) string {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", w.home.DockerSocket())
	}}}
	res, err := c.Get("http://docker/_ping")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.Header.Get("Api-Version")
}

func TestStartsJoin(t *testing.T) {
	w := newWorld(t)
	w.fake.Set(vmtest.Knobs{StartDelay: 100 * time.Millisecond})
	w.run()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := w.engine.Start(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestStartThatNobodyWaitsForIsUndone(t *testing.T) {
	w := newWorld(t)
	w.guest.set(func(s *control.Status) { s.DockerReady = false })
	w.run()
	ctx, cancel := context.WithCancel(t.Context())
	one, two := make(chan error, 1), make(chan error, 1)
	go func() { one <- w.engine.Start(ctx) }()
	go func() { two <- w.engine.Start(t.Context()) }()
	w.until("connecting", is(app.StateConnecting))
	cancel()
	if err := <-one; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that gave up: %v", err)
	}
	w.guest.set(func(s *control.Status) { s.DockerReady = true })
	if err := <-two; err != nil {
		t.Fatalf("the one that waits: %v", err)
	}
	if err := w.engine.Stop(t.Context(), app.StopClean); err != nil {
		t.Fatal(err)
	}

	w.guest.set(func(s *control.Status) { s.DockerReady = false })
	ctx, cancel = context.WithCancel(t.Context())
	go func() { one <- w.engine.Start(ctx) }()
	w.until("connecting", is(app.StateConnecting))
	cancel()
	<-one
	w.until("stopped", is(app.StateStopped))
}

func TestStopDuringStartEndsTheStart(t *testing.T) {
	w := newWorld(t)
	w.guest.silent = true
	w.run()
	start := make(chan error, 1)
	go func() { start <- w.engine.Start(t.Context()) }()
	w.until("booting", is(app.StateBooting))
	if err := w.engine.Stop(t.Context(), app.StopClean); err != nil {
		t.Error(err)
	}
	if info := app.InfoOf(<-start); info == nil || info.Hint == "" {
		t.Errorf("the start's outcome: %+v", info)
	}
	w.until("stopped", is(app.StateStopped))
}

func TestFailuresNameStageCauseAndNextAction(t *testing.T) {
	for _, tt := range []struct {
		name          string
		prepare       func(*world)
		message, hint string
	}{
		{"no hypervisor", func(w *world) {
			w.fake.Set(vmtest.Knobs{ProbeErr: app.Errorf("install QEMU", "QEMU is missing")})
		}, "QEMU is missing", "install QEMU"},
		{"VM does not start", func(w *world) {
			w.fake.Set(vmtest.Knobs{StartErr: app.Errorf("close something", "no memory")})
		}, "starting the virtual machine: no memory", "close something"},
		{"guest has a problem", func(w *world) {
			w.guest.set(func(s *control.Status) {
				s.DockerReady = false
				s.Problem = &control.Problem{Stage: "data-disk", Message: "does not mount", Hint: "run the rescue"}
			})
		}, "data-disk: does not mount", "run the rescue"},
		{"guest panics", func(w *world) {
			w.fake.Set(vmtest.Knobs{DieAfter: 50 * time.Millisecond, DieErr: errors.New("kernel panic")})
			w.guest.silent = true
		}, "kernel panic", "wherry logs kernel"},
		{"guest never answers", func(w *world) {
			w.guest.silent = true
			w.build(engine.Deadlines{Boot: 100 * time.Millisecond, Docker: time.Second, Containers: time.Second, PowerOff: time.Second, Adopt: time.Second})
		}, "booting Linux: no answer within 100ms", ""},
		{"docker never answers", func(w *world) {
			w.guest.set(func(s *control.Status) { s.DockerReady = false })
			w.build(engine.Deadlines{Boot: 5 * time.Second, Docker: 100 * time.Millisecond, Containers: time.Second, PowerOff: time.Second, Adopt: time.Second})
		}, "starting docker: no answer within 100ms", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.prepare(w)
			w.run()
			info := app.InfoOf(w.engine.Start(t.Context()))
			if info == nil || !strings.Contains(info.Message, tt.message) || !strings.Contains(info.Hint, tt.hint) {
				t.Fatalf("got %+v", info)
			}
			s, err := w.engine.Snapshot(t.Context())
			if err != nil || s.State != app.StateFailed || s.LastError == nil || s.LastError.Message != info.Message {
				t.Errorf("%+v, %v", s, err)
			}
			if saved := engine.LastError(w.home.Root()); saved == nil || *saved != *s.LastError {
				t.Errorf("saved for later: %+v", saved)
			}
			if _, err := w.fake.Find(t.Context(), w.home.VM()); !errors.Is(err, vmhost.ErrNoMachine) {
				t.Errorf("a machine is left: %v", err)
			}
			// What was wrong is mended: the next start works and forgets the failure.
			w.fake.Set(vmtest.Knobs{})
			w.guest.mu.Lock()
			w.guest.silent = false
			w.guest.mu.Unlock()
			w.guest.set(func(s *control.Status) { s.Problem, s.DockerReady = nil, true })
			if tt.hint == "" {
				return // its deadlines are too short for a start
			}
			if err := w.engine.Start(t.Context()); err != nil {
				t.Errorf("the next start: %v", err)
			}
			if saved := engine.LastError(w.home.Root()); saved != nil {
				t.Errorf("still saved: %+v", saved)
			}
		})
	}
}

func TestGuestThatDiesWhileBootingIsBootedAgain(t *testing.T) {
	w := newWorld(t)
	w.guest.deaths = 2
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := getPing(t, w); got != "1.45" {
		t.Errorf("docker says %q", got)
	}
}

func TestCrashWhileRunningIsToldAndTheNextStartWorks(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.fake.Kill(w.home.VM())
	s := w.until("failed", is(app.StateFailed))
	if s.LastError == nil || !strings.Contains(s.LastError.Hint, "wherry start") || s.VM.PID != 0 || s.Docker.Version != "" {
		t.Errorf("%+v", s)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDockerAndLinkMayComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.guest.set(func(s *control.Status) { s.DockerReady = false })
	if s := w.until("connecting", is(app.StateConnecting)); s.Stage == "" {
		t.Error("nobody is told what is awaited")
	}
	w.guest.set(func(s *control.Status) { s.DockerReady = true })
	if s := w.until("running", is(app.StateRunning)); s.Stage != "" {
		t.Errorf("running, but %q", s.Stage)
	}
	before, err := w.engine.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.guest.cut()
	w.until("running again", func(s app.Snapshot) bool {
		return s.Seq > before.Seq && s.State == app.StateRunning && s.Since != before.Since
	})
	if got := getPing(t, w); got != "1.45" {
		t.Errorf("docker says %q", got)
	}
}

func TestForceOvertakesACleanStop(t *testing.T) {
	w := newWorld(t)
	w.guest.deaf = true
	w.build(engine.Deadlines{Boot: 5 * time.Second, Docker: 5 * time.Second, Containers: time.Hour, PowerOff: time.Hour, Adopt: time.Second})
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	clean := make(chan error, 1)
	go func() { clean <- w.engine.Stop(t.Context(), app.StopClean) }()
	w.until("stopping", is(app.StateStopping))
	if err := w.engine.Stop(t.Context(), app.StopForce); err != nil {
		t.Error(err)
	}
	if err := <-clean; err != nil {
		t.Error(err)
	}
}

func TestEndOfTheDaemonStopsTheGuestCleanly(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.end()
	if w.guest.shutdowns() != 1 {
		t.Errorf("%d shutdowns", w.guest.shutdowns())
	}
	if err := w.engine.Start(t.Context()); !errors.Is(err, engine.ErrNotServing) {
		t.Errorf("start after the end: %v", err)
	}
}

// A VM that dies is first seen as a broken link. A start that comes in that moment means a new VM, not the dying one.
func TestStartWhileTheMachineDiesIsANewStart(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.guest.mu.Lock()
	w.guest.mute = true
	w.guest.mu.Unlock()
	w.guest.cut()
	before := w.until("booting", is(app.StateBooting))
	start := make(chan error, 1)
	go func() { start <- w.engine.Start(t.Context()) }()
	w.until("a start waits", func(s app.Snapshot) bool { return s.Seq > before.Seq })
	w.guest.mu.Lock()
	w.guest.mute = false
	w.guest.mu.Unlock()
	w.fake.Kill(w.home.VM())
	if err := <-start; err != nil {
		t.Errorf("start: %v", err)
	}
}
