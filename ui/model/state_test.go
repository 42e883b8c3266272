package model_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/model"
)

func TestEngine(t *testing.T) {
	for _, c := range []struct {
		state                 app.State
		label, button, action string
		enabled, busy         bool
	}{
		{app.StateStopped, "Stopped", "Start", model.ActStart, true, false},
		{app.StatePreparing, "Starting", "Cancel", model.ActCancel, true, true},
		{app.StateBooting, "Starting", "Cancel", model.ActCancel, true, true},
		{app.StateConnecting, "Starting", "Cancel", model.ActCancel, true, true},
		{app.StateRunning, "Running", "Stop", model.ActStop, true, false},
		{app.StateStopping, "Stopping", "Stopping…", "", false, true},
		{app.StateSuspending, "Falling asleep", "Wait…", "", false, true},
		{app.StateSuspended, "Asleep", "Wake", model.ActStart, true, false},
		{app.StateFailed, "Failed", "Start again", model.ActStart, true, false},
		{"", "Connecting", "Start", "", false, true},
		{"something new", "Connecting", "Start", "", false, true},
	} {
		e := model.EngineOf(model.State{Engine: app.Snapshot{State: c.state}})
		if e.Label != c.label || e.Button != c.button || e.Action != c.action || e.Enabled != c.enabled || e.Busy != c.busy {
			t.Errorf("%s: %+v", c.state, e)
		}
		if (e.Failure != nil) != (c.state == app.StateFailed) {
			t.Errorf("%s: failure %v", c.state, e.Failure)
		}
	}
}

func TestTrouble(t *testing.T) {
	s := fake.Scene("running")
	s.Engine.Trouble = &app.ErrorInfo{Message: "the guest does not answer", Hint: "wait, or restart the engine"}
	if e := model.EngineOf(s); !e.Running || e.Tone != model.Warn || e.Failure != s.Engine.Trouble {
		t.Errorf("%+v", e)
	}
}

func TestWish(t *testing.T) {
	s := model.State{Engine: app.Snapshot{State: app.StateStopped}, Wish: model.ActStart}
	if e := model.EngineOf(s); e.Label != "Starting" || e.Action != model.ActCancel || !e.Busy {
		t.Errorf("a start that was asked for shows as %+v", e)
	}
	s = model.State{Engine: app.Snapshot{State: app.StateRunning}, Wish: model.ActStop}
	if e := model.EngineOf(s); e.Label != "Stopping" || e.Enabled {
		t.Errorf("a stop that was asked for shows as %+v", e)
	}
}

func TestLostDaemon(t *testing.T) {
	e := model.EngineOf(fake.Scene("lost"))
	if e.Label != "Not connected" || e.Failure == nil || !e.Enabled {
		t.Errorf("%+v", e)
	}
}

func TestSteps(t *testing.T) {
	steps := model.Steps(fake.Scene("starting"))
	if len(steps) != 5 || steps[0] != (model.Step{Label: "Check the guest image", Took: "420 ms", State: "done"}) || steps[4].State != "active" {
		t.Errorf("starting: %+v", steps)
	}
	steps = model.Steps(fake.Scene("failed"))
	if last := steps[len(steps)-1]; last.State != "failed" {
		t.Errorf("failed: %+v", steps)
	}
	s := fake.Scene("running")
	s.Engine.Stages = []app.Stage{{Name: "vm", Duration: 2300 * time.Millisecond}, {Name: "kernel", Duration: time.Second, Guest: true}}
	if steps := model.Steps(s); len(steps) != 1 || steps[0].Took != "2.3 s" {
		t.Errorf("running: %+v", steps)
	}
}

func TestGauges(t *testing.T) {
	for _, g := range model.Gauges(fake.Scene("stopped")) {
		if g.Value >= 0 || g.Text != "–" {
			t.Errorf("stopped: %+v", g)
		}
	}
	s := fake.Scene("running")
	s.Engine.VM.MemoryUsedBytes = s.Engine.VM.MemoryBytes
	s.Engine.VM.DiskUsedBytes = s.Engine.VM.DiskBytes / 10 * 9
	g := model.Gauges(s)
	if g[1].Tone != model.Bad || g[1].Value != 1 || g[2].Tone != model.Warn {
		t.Errorf("full: %+v", g)
	}
}

func TestTray(t *testing.T) {
	for scene, want := range map[string]string{"stopped": "stopped", "starting": "starting", "running": "running", "failed": "failed"} {
		if got := model.TrayOf(fake.Scene(scene)).Icon; got != want {
			t.Errorf("%s: %s", scene, got)
		}
	}
	s := fake.Scene("stopped")
	s.Engine.State = app.StateSuspended
	if got := model.TrayOf(s); got.Icon != "asleep" || got.ActionLabel != "Wake the engine" {
		t.Errorf("asleep: %+v", got)
	}
	links := model.TrayOf(fake.Scene("running")).Links
	if len(links) != 4 || links[0].URL != "http://localhost:8080" {
		t.Errorf("links %+v", links)
	}
	s.Docker.Containers = nil
	for _, c := range fake.Odd() {
		s.Docker.Containers = append(s.Docker.Containers, c, c)
	}
	if n := len(model.TrayOf(s).Links); n != 10 {
		t.Errorf("%d links, want at most 10", n)
	}
}

func TestNotices(t *testing.T) {
	at := func(s app.State) model.State { return model.State{Engine: app.Snapshot{State: s}} }
	for _, c := range []struct {
		from, to app.State
		rested   app.State
		asked    string
		want     string
	}{
		{app.StateConnecting, app.StateRunning, app.StateStopped, model.ActStart, "The engine is running"},
		{app.StateBooting, app.StateFailed, app.StateStopped, model.ActStart, "The engine failed"},
		{app.StateRunning, app.StateStopped, app.StateRunning, "", "The engine stopped"},
		{app.StateStopping, app.StateStopped, app.StateRunning, model.ActStop, ""},
		{app.StateBooting, app.StateStopped, app.StateStopped, model.ActCancel, ""},
		{app.StateRunning, app.StateRunning, app.StateRunning, "", ""},
		{"", app.StateRunning, "", "", ""},
		{app.StateSuspended, app.StateRunning, app.StateSuspended, "", ""},
		{app.StateConnecting, app.StateRunning, app.StateSuspended, "", ""},
		{app.StateSuspending, app.StateSuspended, app.StateRunning, "", "The engine fell asleep"},
		{app.StateSuspending, app.StateSuspended, app.StateRunning, model.ActSleep, ""},
	} {
		n, ok := model.NoticeOf(at(c.from), at(c.to), c.rested, c.asked)
		if n.Title != c.want || ok != (c.want != "") {
			t.Errorf("%s to %s: %q %v", c.from, c.to, n.Title, ok)
		}
	}
}

func TestHistory(t *testing.T) {
	h := model.NewHistory(10*time.Second, 2*time.Second)
	s := fake.Scene("running")
	for i := range 40 {
		s.Now = fake.Epoch().Add(time.Duration(i) * time.Second)
		s.Engine.VM.DiskUsedBytes = int64(i)
		if got := h.Add(s); got != (i%2 == 0) {
			t.Fatalf("second %d: added %v", i, got)
		}
	}
	got := h.Series(func(p model.Point) float64 { return p.Disk })
	if len(got) != h.Cap() || got[0] != 30 || got[4] != 38 {
		t.Errorf("%v", got)
	}
	if h.Add(fake.Scene("stopped")) {
		t.Error("a stopped engine has no use")
	}
	s.Now, s.Engine.VM.DiskUsedBytes = s.Now.Add(7*time.Second), 46 // from 38 at 38 s to 46 at 46 s, nothing between
	h.Add(s)
	if got := h.Series(func(p model.Point) float64 { return p.Disk }); got[0] != 38 || got[1] != 40 || got[4] != 46 {
		t.Errorf("a gap is filled with %v", got)
	}
	s.Now = s.Now.Add(time.Hour)
	h.Add(s)
	if got := h.Series(func(p model.Point) float64 { return p.Disk }); got[3] != 46 || got[4] != 46 || got[0] != 40 {
		t.Errorf("after an hour of sleep: %v", got)
	}
}

func TestPalette(t *testing.T) {
	entries := model.Entries(fake.Scene("running"))
	for text, want := range map[string]string{
		"": "Home", "cont": "Containers", "wp": "blog-wordpress-1", "postgres": "postgres:17", "sw1": "shop-web-1", "restart": "Restart the engine", "zzz": "",
		"sleep": "Put the engine to sleep", "memory": "Memory", "accel": "Accelerator",
	} {
		hits := model.Find(entries, text, 5)
		got := ""
		if len(hits) > 0 {
			got = hits[0].Title
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", text, got, want)
		}
		if len(hits) > 5 {
			t.Errorf("%q finds %d", text, len(hits))
		}
	}
	for _, e := range model.Find(entries, "", 50) {
		if e.Kind != "Page" && e.Kind != "Command" {
			t.Errorf("nothing typed finds %+v", e)
		}
	}
}

func TestTransfer(t *testing.T) {
	var tr model.Transfer
	for _, p := range []model.Progress{
		{ID: "latest", Status: "Pulling from library/nginx"},
		{ID: "a", Status: "Pulling fs layer"},
		{ID: "b", Status: "Pulling fs layer"},
		{ID: "a", Status: "Downloading", Current: 5 << 20, Total: 10 << 20},
		{ID: "b", Status: "Already exists"},
	} {
		tr.Apply(p)
	}
	l := tr.Layers()
	if len(l) != 2 || l[0].Line() != "Downloading  5 MiB of 10 MiB" || !l[1].Done {
		t.Errorf("layers %+v", l)
	}
	if f := tr.Fraction(); f < 0.4 || f > 0.5 {
		t.Errorf("fraction %v", f)
	}
	tr.Apply(model.Progress{ID: "a", Status: "Extracting", Current: 10 << 20, Total: 10 << 20})
	tr.Apply(model.Progress{ID: "a", Status: "Pull complete"})
	tr.Apply(model.Progress{Status: "Status: Downloaded newer image for nginx:latest"})
	if tr.Fraction() != 1 || !strings.HasPrefix(tr.Status(), "Status: Downloaded") {
		t.Errorf("done: %v %q", tr.Fraction(), tr.Status())
	}
}

func TestLogs(t *testing.T) {
	l := model.NewLogs(100)
	l.Add("2026-03-14T15:09:26.123456789Z hel", false)
	l.Add("2026-03-14T15:09:27.000000000Z oops\n", true)
	l.Add("lo \x1b[31mred\x1b[0m\tx\n10%\r20%\r100%\n", false)
	rows := l.Rows(model.LogView{})
	want := []model.LogRow{{Text: "oops", Err: true}, {Text: "hello red       x"}, {Text: "100%"}}
	if len(rows) != 3 || rows[0] != want[0] || rows[2] != want[2] || !strings.HasPrefix(rows[1].Text, "hello red") {
		t.Errorf("%+v", rows)
	}
	if r := l.Rows(model.LogView{Timestamps: true}); r[0].Text != "03-14 15:09:27.000  oops" {
		t.Errorf("stamps: %q", r[0].Text)
	}
	if r := l.Rows(model.LogView{Search: "RED"}); len(r) != 1 {
		t.Errorf("search: %+v", r)
	}
	l.Add(strings.Repeat("é", 25)+"\n", false)
	r := l.Rows(model.LogView{Columns: 10})
	if last := r[len(r)-1]; last.Text != "ééééé" || !last.More {
		t.Errorf("wrap: %+v", r)
	}
	for range 1000 {
		l.Add("x\n", false)
	}
	if l.Len() > 113 {
		t.Errorf("%d lines are kept", l.Len())
	}
}

func TestListing(t *testing.T) {
	files := model.ParseListing("41ed\t4096\t1700000000\tetc\t\n81a4\t12\t1700000000\tb.txt\t\na1ff\t7\t1700000000\tlink\t/etc/x\nbroken\n")
	if len(files) != 3 || files[0].Name != "etc" || !files[0].Dir || files[1].Mode != "-rw-r--r--" || files[2].Link != "/etc/x" {
		t.Errorf("%+v", files)
	}
}

func TestPortRows(t *testing.T) {
	s := fake.Scene("running")
	web := s.Docker.Containers[slices.IndexFunc(s.Docker.Containers, func(c model.Container) bool { return c.Name == "shop-web-1" })]
	rows := model.PortRows(s, web)
	if len(rows) != 2 || rows[0].URL != "http://localhost:8080" || rows[0].State != "open" || rows[0].Traffic != "213 KiB in, 42 MiB out, 3 connections" {
		t.Fatalf("%+v", rows)
	}
	if r := rows[1]; r.State != "failed" || r.URL != "" || r.Where != "nowhere" || !strings.HasSuffix(r.Note, "(pid 812): stop it, or publish another port") {
		t.Errorf("%+v", r)
	}
	s.Engine.Ports = []app.Port{{ContainerID: web.ID, ContainerPort: 80, Proto: "tcp", HostAddress: "0.0.0.0:8080", State: app.PortAsleep}}
	web.Ports = append(web.Ports, model.Port{Port: 9000, Proto: "tcp"})
	rows = model.PortRows(s, web)
	if len(rows) != 3 || rows[0].State != "asleep" || rows[1].State != "opening" || rows[2].Where != "not published" || rows[2].Label() != "9000/tcp" {
		t.Errorf("%+v", rows)
	}
	if names := model.NamesOf(s, web); len(names) != 1 || names[0].URL != "http://shop-web-1.localhost" {
		t.Errorf("names %+v", names)
	}
}
