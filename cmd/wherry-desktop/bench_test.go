//go:build e2e

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/ui"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/model"
)

// TestBench measures the window with a fake engine, prints a table and writes it to the file that BENCH names.
func TestBench(t *testing.T) {
	out := os.Getenv("BENCH")
	if out == "" {
		t.Skip("BENCH names no file: `make bench-ui` does")
	}
	minutes := 1.0
	if v, err := strconv.ParseFloat(os.Getenv("BENCH_MINUTES"), 64); err == nil {
		minutes = v
	}
	b := newBench(t)
	b.docker.Set(fake.Containers(), fake.Images())
	d := startAt(t, b.home, 1280, 800)
	d.see("Running now", 30*time.Second)
	b.note("first_useful_frame_ms", float64(time.Since(d.began).Milliseconds()), "aim 500")
	d.pause(5 * time.Second)
	b.note("rss_after_start_mib", rss(t, d), "aim 180")
	d.pause(5 * time.Second)
	b.note("cpu_idle_home_percent", cpu(t, d, 20*time.Second), "aim 1; a container list of 9 with changing figures")
	d.click("rail", "Settings")
	d.pause(3 * time.Second)
	b.note("cpu_idle_settings_percent", cpu(t, d, 15*time.Second), "aim 1")

	many := fake.Many(1000)
	d.click("rail", "Containers")
	b.docker.Set(many, fake.Images())
	d.see("1000 containers", 30*time.Second)
	b.note("event_to_row_ms_median", b.eventToRow(d, many), "aim 100; 1,000 containers, the probe's own time included")
	p95, most := scroll(d)
	b.note("scroll_1000_rows_ui_wait_ms_p95", p95, "how long the UI goroutine let a caller wait while scrolling")
	b.note("scroll_1000_rows_ui_wait_ms_max", most, "")
	end := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	pages := []string{"Home", "Images", "Containers", "Volumes", "Settings", "Containers"}
	for i := 0; time.Now().Before(end); i++ {
		d.click("rail", pages[i%len(pages)])
		d.pause(2 * time.Second)
	}
	b.note("rss_after_use_mib", rss(t, d), fmt.Sprintf("aim 180; %.1f minutes with 1,000 containers", minutes))
	b.write(out)
}

type bench struct {
	t       *testing.T
	home    string
	docker  *fake.Docker
	engine  *fake.Service
	figures map[string]float64
	table   strings.Builder
}

// newBench serves a running fake engine where the app looks for the real one.
func newBench(t *testing.T) *bench {
	b := &bench{t: t, figures: map[string]float64{}}
	var err error
	if b.home, err = os.MkdirTemp("", "wb"); err != nil {
		t.Fatal(err)
	}
	dir, err := home.At(b.home)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Prepare(); err != nil {
		t.Fatal(err)
	}
	if b.docker, err = fake.ListenDocker(filepath.Join(b.home, "docker.sock")); err != nil {
		t.Fatal(err)
	}
	svc := fake.NewService()
	b.engine = svc
	svc.Run.Docker.Socket = b.docker.Socket
	if err := svc.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := localsock.Listen(dir.DaemonSocket())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = api.NewServer(api.ServerConfig{Service: svc, Logger: hclog.NewNullLogger(), Quit: func() {}}).Serve(ctx, l)
	}()
	t.Cleanup(func() { cancel(); _ = b.docker.Close(); <-done; os.RemoveAll(b.home) })
	return b
}

func (b *bench) note(name string, v float64, remark string) {
	b.figures[name] = v
	fmt.Fprintf(&b.table, "%-36s %8.1f  %s\n", name, v, remark)
}

func (b *bench) write(path string) {
	b.t.Helper()
	fmt.Print(b.table.String())
	j, err := json.MarshalIndent(b.figures, "", "  ")
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(j, '\n'), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// eventToRow renames the first container again and again and waits until its row says so.
func (b *bench) eventToRow(d *desktop, many []model.Container) float64 {
	var took []float64
	for i := range 10 {
		next := slices.Clone(many)
		name := fmt.Sprintf("changed-%d", i)
		for j := range next {
			if next[j].Project == "stack-000" {
				next[j].Name = name
				break
			}
		}
		d.pause(1200 * time.Millisecond) // after the last listing has settled
		began := time.Now()
		b.docker.Set(next, fake.Images())
		for !slices.ContainsFunc(d.screen(), func(i ui.ProbeItem) bool { return i.Text == name }) {
			if time.Since(began) > 10*time.Second {
				b.t.Fatalf("the row of %s never changes", name)
			}
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// scroll turns the wheel over the list and measures how long the UI goroutine is busy at a time.
func scroll(d *desktop) (p95, most float64) {
	d.xdo("mousemove", "600", "500")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 60 {
			button := "5"
			if i > 40 {
				button = "4"
			}
			d.xdo("click", "--repeat", "3", "--delay", "15", button)
		}
	}()
	var waits []float64
	for {
		select {
		case <-done:
			slices.Sort(waits)
			return waits[len(waits)*95/100], waits[len(waits)-1]
		default:
		}
		r, err := d.probe.Get("http://app/wait")
		if err != nil {
			continue
		}
		var ms float64
		_ = json.NewDecoder(r.Body).Decode(&ms)
		r.Body.Close()
		waits = append(waits, ms)
	}
}

// rss is the app's resident memory in MiB.
func rss(t *testing.T, d *desktop) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}

// cpu is what the app uses in percent of one processor.
func cpu(t *testing.T, d *desktop, over time.Duration) float64 {
	t.Helper()
	ticks := func() float64 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
		u, _ := strconv.ParseFloat(f[11], 64)
		s, _ := strconv.ParseFloat(f[12], 64)
		return u + s
	}
	before := ticks()
	d.pause(over)
	return (ticks() - before) / over.Seconds() // a tick is a hundredth of a second
}
