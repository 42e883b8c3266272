package vmtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
)

func TestFakeSuite(t *testing.T) {
	vmtest.Suite(t, func(t *testing.T) vmtest.Harness {
		fake := vmtest.NewFake()
		var guests sync.WaitGroup
		t.Cleanup(guests.Wait)
		return vmtest.Harness{
			Driver: fake,
			Spec:   newSpec,
			Started: func(_ *testing.T, m vmhost.Machine) {
				guest := fake.Guest(m)
				guests.Go(func() { serveEcho(guest) })
			},
			Kill: func(_ *testing.T, s vmhost.Spec, _ vmhost.Info) { fake.Kill(s.Dir) },
			Orphan: func(t *testing.T, s vmhost.Spec) vmhost.Info {
				m, info := start(t, fake, s)
				fake.Orphan(m)
				return info
			},
		}
	})
}

// serveEcho plays the suite's guest until its machine is gone.
func serveEcho(guest *vmtest.Guest) {
	for session := 1; ; session++ {
		conn, err := guest.Accept(context.Background(), vmhost.ChannelLink)
		if err != nil {
			return
		}
		_ = echo.Serve(conn, session, func(command string) {
			if command == echo.Panic {
				guest.Crash(errors.New("the guest's kernel panicked"))
			} else {
				guest.PowerOff()
			}
		})
	}
}

func newSpec(t *testing.T) vmhost.Spec {
	return vmhost.Spec{CPUs: 1, Dir: filepath.Join(t.TempDir(), "machine")}
}

func create(t *testing.T, fake *vmtest.Fake, s vmhost.Spec) vmhost.Machine {
	t.Helper()
	m, err := fake.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func start(t *testing.T, fake *vmtest.Fake, s vmhost.Spec) (vmhost.Machine, vmhost.Info) {
	t.Helper()
	m := create(t, fake, s)
	info, err := m.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m, info
}

var errKnob = errors.New("as the knob says")

func TestKnobsOfStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vmtest.NewFake()
		fake.Set(vmtest.Knobs{ProbeErr: errKnob, StartErr: errKnob, StartDelay: time.Minute})
		if err := fake.Probe(t.Context()); !errors.Is(err, errKnob) {
			t.Errorf("Probe() = %v", err)
		}
		begin := time.Now()
		m := create(t, fake, newSpec(t))
		if _, err := m.Start(t.Context()); !errors.Is(err, errKnob) || time.Since(begin) != time.Minute {
			t.Errorf("Start() = %v after %v, want the knob's error after a minute", err, time.Since(begin))
		}
		if <-m.Done(); !errors.Is(m.Err(), errKnob) {
			t.Errorf("Err() = %v", m.Err())
		}

		stopped := create(t, fake, newSpec(t))
		result := make(chan error, 1)
		go func() {
			_, err := stopped.Start(t.Context())
			result <- err
		}()
		synctest.Wait()
		if err := stopped.Stop(t.Context(), vmhost.StopKill); err != nil {
			t.Errorf("Stop() = %v", err)
		}
		if err := <-result; !errors.Is(err, vmhost.ErrNotRunning) || stopped.Err() != nil {
			t.Errorf("Start() = %v, Err() = %v, want ErrNotRunning and nil", err, stopped.Err())
		}
	})
}

func TestKnobDieAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vmtest.NewFake()
		fake.Set(vmtest.Knobs{DieAfter: time.Hour, DieErr: errKnob})
		m, _ := start(t, fake, newSpec(t))
		begin := time.Now()
		<-m.Done()
		if lived := time.Since(begin); lived != time.Hour || !errors.Is(m.Err(), errKnob) {
			t.Errorf("machine lived %v and died of %v", lived, m.Err())
		}
	})
}

func TestKnobHangOnStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vmtest.NewFake()
		fake.Set(vmtest.Knobs{HangOnStop: true})
		m, _ := start(t, fake, newSpec(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := m.Stop(ctx, vmhost.StopKill); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop() = %v, want DeadlineExceeded", err)
		}
		fake.Set(vmtest.Knobs{})
		if err := m.Stop(t.Context(), vmhost.StopKill); err != nil || m.Err() != nil {
			t.Errorf("Stop() = %v, Err() = %v", err, m.Err())
		}
	})
}

func TestPowerButton(t *testing.T) {
	fake := vmtest.NewFake()
	m, _ := start(t, fake, newSpec(t))
	guest := fake.Guest(m)
	go func() {
		<-guest.PowerButton()
		guest.PowerOff()
	}()
	if err := m.Stop(t.Context(), vmhost.StopPower); err != nil || m.Err() != nil {
		t.Errorf("Stop() = %v, Err() = %v", err, m.Err())
	}
}

func TestKnobsOfChannels(t *testing.T) {
	fake := vmtest.NewFake()
	fake.Set(vmtest.Knobs{
		Refuse: map[vmhost.Channel]error{vmhost.ChannelLink: errKnob},
		Script: map[vmhost.Channel][]byte{vmhost.ChannelNetwork: []byte("script")},
	})
	m, _ := start(t, fake, newSpec(t))
	if _, err := m.Open(t.Context(), vmhost.ChannelLink); !errors.Is(err, errKnob) {
		t.Errorf("Open() = %v, want the knob's error", err)
	}
	for range 2 {
		host, guest := openBoth(t, m, fake.Guest(m))
		go func() { _, _ = guest.Write([]byte(" and guest")) }()
		got := make([]byte, len("script and guest"))
		if _, err := io.ReadFull(host, got); err != nil || string(got) != "script and guest" {
			t.Errorf("host reads %q, %v", got, err)
		}
		_ = host.Close()
		if n, err := guest.Read(got); err != io.EOF {
			t.Errorf("guest reads %d bytes, %v, want EOF", n, err)
		}
	}
}

func openBoth(t *testing.T, m vmhost.Machine, g *vmtest.Guest) (host, guest net.Conn) {
	t.Helper()
	host, err := m.Open(t.Context(), vmhost.ChannelNetwork)
	if err != nil {
		t.Fatal(err)
	}
	guest, err = g.Accept(t.Context(), vmhost.ChannelNetwork)
	if err != nil {
		t.Fatal(err)
	}
	return host, guest
}
