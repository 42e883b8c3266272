package engine_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/localsock"
)

// askDocker asks the host's docker socket as a program of that name would.
func askDocker(t *testing.T, w *world, agent, path string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return localsock.Dial(ctx, w.home.DockerSocket())
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent)
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b := new(strings.Builder)
	if err := res.Write(b); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b.String()
}

func suspended(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Stop(t.Context(), app.StopSuspend); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestClientOfDockerWakesTheEngine(t *testing.T) {
	w := suspended(t)
	if code, _ := askDocker(t, w, "docker/1", "/version"); code != http.StatusOK {
		t.Errorf("docker says %d", code)
	}
	if s := w.until("running", is(app.StateRunning)); len(s.Warnings) > 0 || engine.Suspended(w.home) {
		t.Errorf("%+v", s)
	}
}

func TestOnlookerDoesNotWakeTheEngine(t *testing.T) {
	w := suspended(t)
	code, body := askDocker(t, w, "wherry-desktop", "/version")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "asleep") {
		t.Errorf("%d %s", code, body)
	}
	if s, err := w.engine.Snapshot(t.Context()); err != nil || s.State != app.StateSuspended {
		t.Errorf("%+v, %v", s, err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, _ := askDocker(t, w, "wherry-desktop", "/version"); code != http.StatusOK {
		t.Errorf("docker says %d to an onlooker of a running engine", code)
	}
}

func TestNewDaemonGoesOnListeningForASuspendedEngine(t *testing.T) {
	w := suspended(t)
	w.end()
	if _, err := os.Stat(w.home.DockerSocket()); err == nil {
		t.Error("the docker socket is there without a daemon")
	}
	w.build(engine.DefaultDeadlines())
	w.run()
	w.until("suspended", is(app.StateSuspended))
	if code, _ := askDocker(t, w, "docker/1", "/version"); code != http.StatusOK {
		t.Errorf("docker says %d", code)
	}
	w.until("running", is(app.StateRunning))
}

func TestGivenUpMachineIsNotListenedFor(t *testing.T) {
	w := suspended(t)
	if err := w.engine.Stop(t.Context(), app.StopForce); err != nil {
		t.Fatal(err)
	}
	if _, err := localsock.Dial(t.Context(), w.home.DockerSocket()); err == nil {
		t.Error("the docker socket still accepts")
	}
}

func TestClientsWaitWhileTheEngineFallsAsleep(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- w.engine.Stop(context.Background(), app.StopSuspend) }()
	w.until("on its way", func(s app.Snapshot) bool { return s.State != app.StateRunning })
	if code, _ := askDocker(t, w, "docker/1", "/version"); code != http.StatusOK {
		t.Errorf("docker says %d", code)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestEngineFallsAsleepByItself(t *testing.T) {
	w := newWorld(t)
	w.run()
	if _, err := w.engine.Set(t.Context(), map[string]string{"sleep_after": "1ms"}); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("suspended", is(app.StateSuspended))
	if _, err := w.engine.Set(t.Context(), map[string]string{"sleep_after": "off"}); err != nil {
		t.Fatal(err)
	}
	if code, _ := askDocker(t, w, "docker/1", "/version"); code != http.StatusOK {
		t.Errorf("docker says %d", code)
	}
	w.until("running", is(app.StateRunning))
}

func TestIdleEngineThatCannotBeSavedGoesOn(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := os.MkdirAll(w.home.SavedState()+".new/x", 0o700); err != nil { // where the state would be written
		t.Fatal(err)
	}
	if _, err := w.engine.Set(t.Context(), map[string]string{"sleep_after": "1ms"}); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("warned", func(s app.Snapshot) bool { return s.State == app.StateRunning && len(s.Warnings) > 0 })
	if code, _ := askDocker(t, w, "docker/1", "/version"); code != http.StatusOK {
		t.Errorf("docker says %d", code)
	}
}
