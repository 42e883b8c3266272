package vmtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
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
		{"one machine per folder", testOneFolder},
		{"killed from outside", testKilled},
		{"stop by power button waits for its context", testPowerButton},
		{"channels, and the guest powers off", testChannels},
		{"two machines, and one panics", testTwoMachines},
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
	adopter, spec := s.adopter(t), s.Spec(t)
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
	adopter, spec := s.adopter(t), s.Spec(t)
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

func (s *suite) adopter(t *testing.T) vmhost.Adopter {
	t.Helper()
	adopter, ok := s.Driver.(vmhost.Adopter)
	if !ok {
		t.Skip("machines of this driver do not outlive their owner")
	}
	return adopter
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

// linkHost is the host's end of the link to a guest of package echo.
type linkHost struct {
	conn  net.Conn
	lines *bufio.Reader
}

func (s *suite) openLink(t *testing.T, m vmhost.Machine) *linkHost {
	t.Helper()
	conn, err := m.Open(t.Context(), vmhost.ChannelLink)
	if err != nil {
		t.Fatalf("open link: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &linkHost{conn, bufio.NewReader(conn)}
}

func (h *linkHost) close(t *testing.T) {
	t.Helper()
	if err := h.conn.Close(); err != nil {
		t.Errorf("close link: %v", err)
	}
}

func (h *linkHost) read(t *testing.T) string {
	t.Helper()
	line, err := h.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("read link: %v (after %q)", err, line)
	}
	return strings.TrimSuffix(line, "\n")
}

func (h *linkHost) want(t *testing.T, want string) {
	t.Helper()
	if line := h.read(t); line != want {
		t.Fatalf("guest says %q, want %q", line, want)
	}
}

func (h *linkHost) send(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(h.conn, line); err != nil {
		t.Fatalf("write link: %v", err)
	}
}

func (h *linkHost) wantEcho(t *testing.T, line string) {
	t.Helper()
	h.send(t, line)
	h.want(t, line)
}

// wantBulk sends size bytes and reads them back at the same time.
func (h *linkHost) wantBulk(t *testing.T, size int) {
	t.Helper()
	line := append(bytes.Repeat([]byte("0123456789abcdef"), 4095/16), '\n')
	sent := make(chan error, 1)
	go func() {
		for range size / len(line) {
			if _, err := h.conn.Write(line); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	got := make([]byte, len(line))
	for range size / len(line) {
		if _, err := io.ReadFull(h.lines, got); err != nil {
			t.Fatalf("read link: %v", err)
		}
		if !bytes.Equal(got, line) {
			t.Fatal("echo differs from what was sent")
		}
	}
	if err := <-sent; err != nil {
		t.Fatalf("write link: %v", err)
	}
}
