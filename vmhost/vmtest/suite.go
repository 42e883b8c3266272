package vmtest

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// A Harness is what Suite needs of the driver under test.
type Harness struct {
	Driver vmhost.Driver
	// Spec is a new machine, in a folder of its own below t.TempDir, whose guest behaves like package echo.
	Spec func(t *testing.T) vmhost.Spec
	// Started is called for each machine that was started, for harnesses that have to play its guest; may be nil.
	Started func(t *testing.T, m vmhost.Machine)
	// Kill ends a machine from outside, as kill -9 does.
	Kill func(t *testing.T, s vmhost.Spec, info vmhost.Info)
	// Orphan starts a machine and makes its owner die, so that only the machine is left. For an Adopter.
	Orphan func(t *testing.T, s vmhost.Spec) vmhost.Info
}

// patience is how long anything may take that has to happen; a guest boots in this time even under emulation on a busy
// host.
const patience = 60 * time.Second

// Suite checks that a driver behaves as vmhost says. newHarness is called once for each part of it.
func Suite(t *testing.T, newHarness func(t *testing.T) Harness) {
	parts := []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"start and stop are idempotent", testIdempotence},
		{"a machine that never started", testNeverStarted},
		{"start is cancelled", testCancelledStart},
		{"stopped while it starts", testStoppedStart},
		{"one machine per folder", testOneFolder},
		{"killed from outside", testKilled},
		{"stop by power button waits for its context", testPowerButton},
		{"channels, and the guest powers off", testChannels},
		{"two machines, and one panics", testTwoMachines},
		{"suspend and resume", testSuspend},
		{"a state of no use", testUselessState},
		{"suspend fails", testFailedSuspend},
		{"stopped while it suspends", testStoppedSuspend},
		{"adopt", testAdopt},
		{"discard", testDiscard},
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) { part.run(t, &suite{newHarness(t)}) })
	}
}

type suite struct{ Harness }

// create makes a machine that is killed at the end of the test.
func (s *suite) create(t *testing.T, spec vmhost.Spec) vmhost.Machine {
	t.Helper()
	m, err := s.Driver.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	s.stopLater(t, m)
	return m
}

func (s *suite) stopLater(t *testing.T, m vmhost.Machine) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := m.Stop(ctx, vmhost.StopKill); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// start makes a machine and starts it.
func (s *suite) start(t *testing.T, spec vmhost.Spec) (vmhost.Machine, vmhost.Info) {
	t.Helper()
	m := s.create(t, spec)
	info, err := m.Start(t.Context())
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	s.started(t, m)
	return m, info
}

func (s *suite) started(t *testing.T, m vmhost.Machine) {
	if s.Started != nil {
		s.Started(t, m)
	}
}

// wantNothingLeft checks that no machine runs in the Spec's folder; only an Adopter can tell.
func (s *suite) wantNothingLeft(t *testing.T, spec vmhost.Spec) {
	t.Helper()
	if adopter, ok := s.Driver.(vmhost.Adopter); ok {
		if found, err := adopter.Find(t.Context(), spec.Dir); !errors.Is(err, vmhost.ErrNoMachine) {
			t.Errorf("Find() = %+v, %v, want ErrNoMachine", found, err)
		}
	}
}

// alive is nil while the machine is not done.
func alive(m vmhost.Machine) error {
	select {
	case <-m.Done():
		return errors.New("done")
	default:
		return nil
	}
}

// wantDone waits for the machine's end and compares why.
func wantDone(t *testing.T, m vmhost.Machine, want error) {
	t.Helper()
	select {
	case <-m.Done():
	case <-time.After(patience):
		t.Fatal("machine does not end")
	}
	if err := m.Err(); !errors.Is(err, want) {
		t.Errorf("Err() = %v, want %v", err, want)
	}
}

func errIsTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
