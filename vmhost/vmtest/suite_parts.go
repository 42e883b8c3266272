package vmtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
)

func testIdempotence(t *testing.T, s *suite) {
	m, info := s.start(t, s.Spec(t))
	if info.Accel == "" || info.Version == "" {
		t.Errorf("Start() = %+v, want an accelerator and a version", info)
	}
	again, err := m.Start(t.Context())
	if err != nil || again != info {
		t.Errorf("second Start() = %+v, %v, want %+v", again, err, info)
	}
	if alive(m) != nil {
		t.Errorf("machine is gone: %v", m.Err())
	}
	results := make(chan error, 2)
	for range cap(results) {
		go func() { results <- m.Stop(t.Context(), vmhost.StopKill) }()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Errorf("Stop() = %v", err)
		}
	}
	wantDone(t, m, nil)
	if err := m.Stop(t.Context(), vmhost.StopPower); err != nil {
		t.Errorf("Stop() after the end = %v", err)
	}
	if _, err := m.Start(t.Context()); !errors.Is(err, vmhost.ErrNotRunning) {
		t.Errorf("Start() after the end = %v, want ErrNotRunning", err)
	}
	if _, err := m.Open(t.Context(), vmhost.ChannelLink); !errors.Is(err, vmhost.ErrNotRunning) {
		t.Errorf("Open() after the end = %v, want ErrNotRunning", err)
	}
}

func testNeverStarted(t *testing.T, s *suite) {
	m := s.create(t, s.Spec(t))
	if _, err := m.Open(t.Context(), vmhost.ChannelLink); !errors.Is(err, vmhost.ErrNotRunning) {
		t.Errorf("Open() = %v, want ErrNotRunning", err)
	}
	if alive(m) != nil {
		t.Error("Done() is closed before Start")
	}
	for range 2 {
		if err := m.Stop(t.Context(), vmhost.StopPower); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	}
	wantDone(t, m, nil)
	if _, err := m.Start(t.Context()); !errors.Is(err, vmhost.ErrNotRunning) {
		t.Errorf("Start() after Stop() = %v, want ErrNotRunning", err)
	}
}

func testCancelledStart(t *testing.T, s *suite) {
	spec := s.Spec(t)
	for _, after := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		m := s.create(t, spec)
		_, err := m.Start(ctx)
		cancel()
		if err == nil { // it was faster
			if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Start() cancelled after %v = %v, want DeadlineExceeded", after, err)
		}
		wantDone(t, m, context.DeadlineExceeded)
		s.wantNothingLeft(t, spec)
	}
	s.start(t, spec)
}

func testStoppedStart(t *testing.T, s *suite) {
	spec := s.Spec(t)
	for _, after := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond} {
		m := s.create(t, spec)
		started := make(chan error, 1)
		go func() {
			_, err := m.Start(t.Context())
			started <- err
		}()
		time.Sleep(after) // so that Stop comes at different moments
		if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
			t.Errorf("Stop() while it starts = %v", err)
		}
		if err := <-started; err != nil && !errors.Is(err, vmhost.ErrNotRunning) {
			t.Errorf("Start() stopped after %v = %v, want ErrNotRunning", after, err)
		}
		wantDone(t, m, nil)
		s.wantNothingLeft(t, spec)
	}
}

func testOneFolder(t *testing.T, s *suite) {
	spec := s.Spec(t)
	first, info := s.start(t, spec)
	second := s.create(t, spec)
	if _, err := second.Start(t.Context()); err == nil {
		t.Fatal("second machine in one folder starts")
	}
	if again, err := first.Start(t.Context()); err != nil || again != info {
		t.Errorf("first machine has suffered: %+v, %v", again, err)
	}
	conn, err := first.Open(t.Context(), vmhost.ChannelNetwork)
	if err != nil {
		t.Fatalf("channel of the first machine has suffered: %v", err)
	}
	_ = conn.Close()
	if err := first.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Fatal(err)
	}
	s.start(t, spec)
}

func testKilled(t *testing.T, s *suite) {
	spec := s.Spec(t)
	m, info := s.start(t, spec)
	conn, err := m.Open(t.Context(), vmhost.ChannelNetwork)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.Kill(t, spec, info)
	if <-m.Done(); m.Err() == nil {
		t.Error("Err() = nil for a machine killed from outside")
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, conn); errIsTimeout(err) {
		t.Error("channel of a dead machine does not end")
	}
	if err := m.Stop(t.Context(), vmhost.StopPower); err != nil {
		t.Errorf("Stop() = %v", err)
	}
	s.wantNothingLeft(t, spec)
	s.start(t, spec)
}

func testPowerButton(t *testing.T, s *suite) {
	m, _ := s.start(t, s.Spec(t))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := m.Stop(ctx, vmhost.StopPower); err != nil {
		t.Errorf("Stop() = %v", err)
	}
	if ctx.Err() == nil {
		t.Error("Stop() did not wait for a guest that does not heed the button")
	}
	wantDone(t, m, nil)
}

func testChannels(t *testing.T, s *suite) {
	m, _ := s.start(t, s.Spec(t))
	for session := 1; session <= 3; session++ {
		host := s.openLink(t, m)
		host.want(t, echo.Greeting(session))
		if _, err := m.Open(t.Context(), vmhost.ChannelLink); err == nil {
			t.Error("channel opens twice at a time")
		}
		host.wantEcho(t, "one line")
		host.close(t)
	}
	host := s.openLink(t, m)
	host.want(t, echo.Greeting(4))
	host.wantBulk(t, 4<<20)

	stopped := make(chan error, 1)
	go func() { stopped <- m.Stop(t.Context(), vmhost.StopPower) }()
	host.send(t, echo.PowerOff)
	if err := <-stopped; err != nil {
		t.Errorf("Stop() = %v", err)
	}
	wantDone(t, m, nil)
	if line, err := host.lines.ReadString('\n'); err == nil || errIsTimeout(err) {
		t.Errorf("channel after the end: %q, %v, want its end", line, err)
	}
}

func testTwoMachines(t *testing.T, s *suite) {
	a, _ := s.start(t, s.Spec(t))
	b, _ := s.start(t, s.Spec(t))
	hostA, hostB := s.openLink(t, a), s.openLink(t, b)
	hostA.want(t, echo.Greeting(1))
	hostB.want(t, echo.Greeting(1))
	hostA.wantEcho(t, "to a")
	hostB.wantEcho(t, "to b")

	hostA.send(t, echo.Panic)
	<-a.Done()
	if err := a.Err(); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("Err() after the guest's panic = %v", err)
	}
	hostB.wantEcho(t, "b is still there")
	hostB.send(t, echo.PowerOff)
	wantDone(t, b, nil)
}

func testAdopt(t *testing.T, s *suite) {
	adopter, ok := s.Driver.(vmhost.Adopter)
	if !ok {
		return // its machines do not outlive their owner
	}
	spec := s.Spec(t)
	left := s.Orphan(t, spec)
	for range 2 {
		if found, err := adopter.Find(t.Context(), spec.Dir); err != nil || found != left {
			t.Fatalf("Find() = %+v, %v, want %+v", found, err, left)
		}
	}
	other := spec
	other.CPUs++
	if _, err := adopter.Adopt(t.Context(), other); err == nil {
		t.Fatal("machine is adopted for another spec")
	}
	if _, err := s.create(t, spec).Start(t.Context()); err == nil {
		t.Fatal("machine starts in a folder where one is left over")
	}
	m, err := adopter.Adopt(t.Context(), spec)
	if err != nil {
		t.Fatalf("Adopt() = %v", err)
	}
	s.stopLater(t, m)
	s.started(t, m)
	if info, err := m.Start(t.Context()); err != nil || info != left {
		t.Errorf("Start() of an adopted machine = %+v, %v, want %+v", info, err, left)
	}
	if _, err := adopter.Adopt(t.Context(), spec); err == nil {
		t.Error("machine is adopted twice")
	}
	host := s.openLink(t, m)
	if line := host.read(t); !strings.HasPrefix(line, "hello ") {
		t.Errorf("adopted guest says %q, want a greeting", line)
	}
	host.wantEcho(t, "still there")
	host.send(t, echo.PowerOff)
	wantDone(t, m, nil)
	s.wantNothingLeft(t, spec)
}

func testDiscard(t *testing.T, s *suite) {
	adopter, ok := s.Driver.(vmhost.Adopter)
	if !ok {
		return // its machines do not outlive their owner
	}
	spec := s.Spec(t)
	if err := adopter.Discard(t.Context(), spec.Dir); err != nil {
		t.Errorf("Discard() of nothing = %v", err)
	}
	s.wantNothingLeft(t, spec)
	s.Orphan(t, spec)
	for range 2 {
		if err := adopter.Discard(t.Context(), spec.Dir); err != nil {
			t.Fatalf("Discard() = %v", err)
		}
		s.wantNothingLeft(t, spec)
	}
	// One that has an owner can be discarded too; another one can start at once, whether the owner has noticed or not.
	m, _ := s.start(t, spec)
	if err := adopter.Discard(t.Context(), spec.Dir); err != nil {
		t.Fatalf("Discard() = %v", err)
	}
	s.start(t, spec)
	if <-m.Done(); m.Err() == nil {
		t.Error("Err() = nil for a machine that was discarded")
	}
}
