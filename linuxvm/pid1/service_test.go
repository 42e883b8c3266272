package pid1

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// fakePrograms starts programs that do what the test says.
type fakePrograms struct {
	mu       sync.Mutex
	started  int
	startErr error
	ready    chan struct{}
	exited   chan error
	signals  []string
}

func (f *fakePrograms) start() (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started++
	if f.startErr != nil {
		return nil, f.startErr
	}
	f.ready, f.exited = make(chan struct{}), make(chan error, 1)
	note := func(s string) func() {
		return func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.signals = append(f.signals, s)
		}
	}
	return &process{pid: 100 + f.started, ready: f.ready, exited: f.exited, terminate: note("term"), kill: note("kill")}, nil
}

type serviceTest struct {
	programs   *fakePrograms
	board      *board
	need       chan struct{}
	stop, kill chan struct{}
	done       chan struct{}
	ready      bool
}

func runService() *serviceTest { return runServiceWith(nil) }

func runServiceWith(renew <-chan renewal) *serviceTest {
	s := &serviceTest{
		programs: &fakePrograms{}, need: make(chan struct{}),
		stop: make(chan struct{}), kill: make(chan struct{}), done: make(chan struct{}),
		board: newBoard(func() time.Duration { return 0 }, control.Status{}),
	}
	service := &service{
		name: "x", board: s.board, log: hclog.NewNullLogger(), start: s.programs.start,
		needs: []<-chan struct{}{s.need}, renew: renew, onReady: func(r bool) { s.ready = r },
	}
	go func() {
		defer close(s.done)
		service.run(s.stop, s.kill)
	}()
	return s
}

// expect waits until nothing moves and compares the service's state.
func (s *serviceTest) expect(t *testing.T, want control.Service) {
	t.Helper()
	synctest.Wait()
	want.Name = "x"
	status, _ := s.board.snapshot()
	if len(status.Services) != 1 || status.Services[0] != want {
		t.Fatalf("services are %+v, want %+v", status.Services, want)
	}
}

func TestServiceRunsAndIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := runService()
		s.expect(t, control.Service{State: control.ServiceWaiting})
		close(s.need)
		s.expect(t, control.Service{State: control.ServiceStarting, PID: 101})
		close(s.programs.ready)
		s.expect(t, control.Service{State: control.ServiceReady, PID: 101})
		if !s.ready {
			t.Error("nobody was told that it is ready")
		}
		s.programs.exited <- errors.New("exit status 1")
		s.expect(t, control.Service{State: control.ServiceBackoff, Error: "exit status 1"})
		if s.ready {
			t.Error("nobody was told that it is not ready any more")
		}
		began := time.Now()
		time.Sleep(firstPause)
		s.expect(t, control.Service{State: control.ServiceStarting, PID: 102, Restarts: 1})
		if pause := time.Since(began); pause != firstPause {
			t.Errorf("it was started again after %v, want %v", pause, firstPause)
		}
		close(s.stop)
		synctest.Wait()
		s.programs.exited <- nil
		<-s.done
		s.expect(t, control.Service{State: control.ServiceStopped, Restarts: 1})
		if len(s.programs.signals) != 1 || s.programs.signals[0] != "term" {
			t.Errorf("signals are %q", s.programs.signals)
		}
	})
}

func TestServiceThatDoesNotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := runService()
		s.programs.startErr = errors.New("no such file")
		close(s.need)
		s.expect(t, control.Service{State: control.ServiceBackoff, Error: "start: no such file"})
		time.Sleep(firstPause)
		s.expect(t, control.Service{State: control.ServiceBackoff, Error: "start: no such file", Restarts: 1})
		close(s.stop)
		<-s.done
	})
}

func TestServiceThatDoesNotStopIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := runService()
		close(s.need)
		synctest.Wait()
		close(s.stop)
		synctest.Wait()
		close(s.kill)
		synctest.Wait()
		s.programs.exited <- errors.New("killed")
		<-s.done
		if got := s.programs.signals; len(got) != 2 || got[0] != "term" || got[1] != "kill" {
			t.Errorf("signals are %q", got)
		}
	})
}

func TestServiceStoppedBeforeItsNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := runService()
		synctest.Wait()
		close(s.stop)
		<-s.done
		s.expect(t, control.Service{State: control.ServiceStopped})
		if s.programs.started != 0 {
			t.Error("it was started")
		}
	})
}
