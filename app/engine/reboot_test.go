package engine_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
)

func TestCrashIsAnsweredByABoot(t *testing.T) {
	w := newWorld(t)
	w.reboots = 2
	w.build(engine.Deadlines{Boot: 5 * time.Second, Docker: 5 * time.Second, Containers: time.Second, PowerOff: time.Second, Adopt: time.Second})
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	pid := 1
	for range 2 {
		w.fake.Kill(w.home.VM())
		s := w.until("started again", func(s app.Snapshot) bool { return s.State == app.StateRunning && s.VM.PID > pid })
		pid = s.VM.PID
		if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0].Message, "started again") || s.LastError != nil {
			t.Errorf("%+v", s)
		}
		if code, _ := askDocker(t, w, "docker/1", "/version"); code != http.StatusOK {
			t.Errorf("docker says %d", code)
		}
	}
	w.fake.Kill(w.home.VM())
	if s := w.until("failed", is(app.StateFailed)); s.LastError == nil {
		t.Errorf("%+v", s)
	}
}
