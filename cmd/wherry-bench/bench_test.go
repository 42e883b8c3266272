package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
)

// TestMain lets the test program be the far end, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "guest" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestCommandLine(t *testing.T) {
	o, err := parse([]string{"-quick", "-runs", "5", "-only", "boot|ports", "-o", "x.json"}, io.Discard)
	if err != nil || o.runs != 1 || o.out != "x.json" || !o.only.MatchString("boot") || o.only.MatchString("idle") {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err = parse(nil, io.Discard); err != nil || o.runs != 3 || !o.only.MatchString("idle") || o.accel != "auto" {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-only", "("}, {"-unknown"}, {"word"}} {
		if _, err := parse(args, io.Discard); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := parse([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("help: %v", err)
	}
}

func TestExperimentsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range experiments() {
		if seen[e.name] || e.name == "" || e.about == "" || e.run == nil {
			t.Errorf("experiment %q", e.name)
		}
		seen[e.name] = true
	}
}

func TestWaysAreMeasuredByTurns(t *testing.T) {
	var order []string
	note := func(name string) load.Dial {
		return func(context.Context) (net.Conn, error) {
			order = append(order, name)
			return nil, nil
		}
	}
	ways := []way{{name: "plain", dial: note("plain")}, {name: "port", dial: note("port")}}
	p := probe{name: "echo", unit: "ms", parts: []string{".p50", ".p99"}, measure: func(ctx context.Context, dial load.Dial) ([]float64, error) {
		_, err := dial(ctx)
		n := float64(len(order))
		return []float64{n, 8 * n}, err
	}}
	figures, err := byTurns(t.Context(), p, ways, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "plain port plain port" {
		t.Errorf("order: %s", got)
	}
	if len(figures) != 2 || figures[0].Name != "ports.echo.p50" || figures[1].Name != "ports.echo.p99" {
		t.Fatalf("%+v", figures)
	}
	// Of the four measurements the port's are the second and fourth, plain's the first and third.
	if f := figures[1]; f.Median != 24 || f.Base.Median != 16 || f.Base.Name != "plain" || math.Abs(f.Ratio-(2+4.0/3)/2) > 1e-9 {
		t.Errorf("%+v, base %+v", f, f.Base)
	}
	p.measure = func(context.Context, load.Dial) ([]float64, error) { return nil, os.ErrClosed }
	if _, err := byTurns(t.Context(), p, ways, 2); !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), "echo, plain") {
		t.Errorf("an error of a probe: %v", err)
	}
}

func TestStageOf(t *testing.T) {
	snap := app.Snapshot{Stages: []app.Stage{{Name: "agent", Duration: 3}, {Name: "agent", Duration: 5, Guest: true}, {Name: "kernel", Guest: true}}}
	if d, err := stageOf(snap, "agent"); d != 5 || err != nil {
		t.Errorf("%d, %v", d, err)
	}
	if _, err := stageOf(snap, "kernel"); err == nil {
		t.Error("a stage that did not end has a length")
	}
}

func TestPackageIsMadeAgainForANewerImage(t *testing.T) {
	dir := t.TempDir()
	file, manifest := filepath.Join(dir, "image.tar.zst"), filepath.Join(dir, "manifest.json")
	if _, fresh := packed(file, manifest); fresh {
		t.Error("a package that is not there is fresh")
	}
	for name, text := range map[string]string{file: "12345", manifest: "{}"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	for age, want := range map[time.Duration]bool{time.Hour: true, -time.Hour: false} {
		if err := os.Chtimes(manifest, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
		if size, fresh := packed(file, manifest); size != 5 || fresh != want {
			t.Errorf("manifest older by %s: %d bytes, fresh: %v", age, size, fresh)
		}
	}
}

func TestFarEnd(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{self: self}
	address, end, err := b.plain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dial := load.TCP(address)
	took, err := load.Echo(t.Context(), dial, 3, time.Minute)
	if err != nil || len(took) != 3 {
		t.Errorf("%v, %v", took, err)
	}
	if v, err := latency(t.Context(), dial, 20); err != nil || len(v) != 2 || v[0] <= 0 || v[1] < v[0] {
		t.Errorf("%v, %v", v, err)
	}
	end()
	if _, err := dial(t.Context()); err == nil {
		t.Error("the far end answers after its end")
	}
}

func TestSinkAndSource(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(self, "guest", "source", "300001").Output()
	if err != nil || len(out) != 300001 {
		t.Fatalf("%d bytes, %v", len(out), err)
	}
	sink := exec.Command(self, "guest", "sink")
	sink.Stdin = bytes.NewReader(out)
	if out, err = sink.Output(); err != nil || string(out) != "300001\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestEndProcessWaits(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	if err := endProcess(cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		t.Fatal(err)
	}
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil || !strings.Contains(string(state), ") Z ") {
		t.Errorf("the process has not ended: %s, %v", state, err)
	}
}

func TestInterruptedRunLeavesNothing(t *testing.T) {
	program := filepath.Join(t.TempDir(), "wherry")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(lab.Config{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Fresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("fresh: %v", err)
	}
	root := filepath.Dir(l.File("x"))
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}
