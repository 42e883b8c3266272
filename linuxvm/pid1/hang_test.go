package pid1

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
)

func TestHangIsNoticedAndOutlasted(t *testing.T) {
	var w hangWatch
	steps := []struct {
		pid      int
		answered bool
		now      time.Duration
		want     hangNews
	}{
		{1, true, 0, hangNone},
		{1, false, 4, hangNone},
		{1, false, 8, hangBegins},
		{1, false, 12, hangNone},
		{1, true, 16, hangEnds},
		{1, false, 20, hangNone},
		{2, false, 24, hangNone}, // another process
		{2, false, 28, hangBegins},
		{2, false, 60, hangNone},
		{2, false, 80, hangLasts},
	}
	for i, s := range steps {
		if got := w.next(s.pid, s.answered, s.now*time.Second); got != s.want {
			t.Errorf("step %d: %v, want %v", i, got, s.want)
		}
	}
}

func TestProcessState(t *testing.T) {
	for text, want := range map[string]byte{
		"12 (dockerd) T 1 12": 'T', "12 (a ) S b) R 1": 'R', "": 0, "12 (x)": 0,
	} {
		if got := processState(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestStartsAtBoot(t *testing.T) {
	for _, c := range []struct {
		policy                string
		running, user, starts bool
		code                  int
	}{
		{policy: "always", starts: true},
		{policy: "always", user: true, starts: true},
		{policy: "always", running: true},
		{policy: "unless-stopped", starts: true},
		{policy: "unless-stopped", user: true},
		{policy: "on-failure", code: 143, starts: true},
		{policy: "on-failure"},
		{policy: "no", code: 1},
		{policy: ""},
	} {
		var got container
		got.State.Running, got.State.ExitCode, got.HostConfig.RestartPolicy.Name = c.running, c.code, c.policy
		if got.startsAtBoot(c.user) != c.starts {
			t.Errorf("%+v", c)
		}
	}
	if !parseStoppedByUser([]byte(`{"HasBeenManuallyStopped":true}`)) || parseStoppedByUser([]byte(`{}`)) || parseStoppedByUser(nil) {
		t.Error("who stopped it is misread")
	}
}

func TestCPUStat(t *testing.T) {
	if got := parseCPUStat("usage_usec 1500\nuser_usec 7\n"); got != 1500*time.Microsecond {
		t.Error(got)
	}
}

func TestRenewedServiceStartsAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renew := make(chan renewal)
		s := runServiceWith(renew)
		close(s.need)
		synctest.Wait()
		close(s.programs.ready)
		s.expect(t, control.Service{State: control.ServiceReady, PID: 101})
		kill := make(chan struct{})
		renew <- renewal{kill}
		synctest.Wait()
		close(kill)
		synctest.Wait()
		if got := s.programs.signals; len(got) != 2 || got[0] != "term" || got[1] != "kill" {
			t.Errorf("signals %q", got)
		}
		s.programs.exited <- nil
		s.expect(t, control.Service{State: control.ServiceStarting, PID: 102})
		close(s.stop)
		synctest.Wait()
		s.programs.exited <- nil
		<-s.done
	})
}
