package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/wherry-app/wherry/app"
)

// progress shows what a busy engine is doing: one line that is kept current on a terminal, a line per step elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	width    int

	mu    sync.Mutex
	begun time.Time
	stage string
	since time.Time
}

func newProgress(w io.Writer) *progress {
	fd, ok := isTerminal(w)
	p := &progress{w: w, terminal: ok, width: 80, begun: time.Now()}
	if cols, _, err := term.GetSize(fd); ok && err == nil && cols > 20 {
		p.width = cols
	}
	return p
}

// while runs f and shows the engine's stages until it returns.
func (p *progress) while(ctx context.Context, o app.Observer, f func(context.Context) error) error {
	watch, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = o.Watch(watch, func(s app.Snapshot) error { p.show(s); return nil }) // only for looks
	})
	if p.terminal {
		wg.Go(func() { p.animate(watch) })
	}
	err := f(ctx)
	cancel()
	wg.Wait()
	p.show(app.Snapshot{})
	return err
}

// show takes up a new stage.
func (p *progress) show(s app.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.State.Busy() {
		s.Stage = ""
	}
	if s.Stage == p.stage {
		return
	}
	if p.stage != "" {
		p.line(fmt.Sprintf("  %-38s %5.1f s", p.stage, time.Since(p.since).Seconds()), true)
	}
	p.stage, p.since = s.Stage, time.Now()
}

// animate keeps the present stage's line current.
func (p *progress) animate(ctx context.Context) {
	const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p.mu.Lock()
		if p.stage != "" {
			frame := []rune(frames)[i%len([]rune(frames))]
			p.line(fmt.Sprintf("%c %-38s %5.1f s", frame, p.stage, time.Since(p.since).Seconds()), false)
		}
		p.mu.Unlock()
	}
}

// line writes over the current line; a final one stays. Elsewhere than on a terminal only final lines are written.
func (p *progress) line(s string, final bool) {
	if !p.terminal {
		if final {
			fmt.Fprintln(p.w, s)
		}
		return
	}
	if r := []rune(s); len(r) > p.width-1 {
		s = string(r[:p.width-1])
	}
	fmt.Fprint(p.w, "\r\x1b[K"+s)
	if final {
		fmt.Fprintln(p.w)
	}
}

// say ends the progress with a sentence and the time all of it took.
func (p *progress) say(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(fmt.Sprintf("%s (%.1f s)", s, time.Since(p.begun).Seconds()), true)
}

// printTimings draws the stages of a start as bars on one time axis.
func printTimings(w io.Writer, stages []app.Stage) {
	const width = 48
	var total time.Duration
	for _, s := range stages {
		total = max(total, s.Start+s.Duration)
	}
	if total == 0 {
		fmt.Fprintln(w, "no start was timed by this daemon")
		return
	}
	scale := func(d time.Duration) int { return int(int64(d) * width / int64(total)) }
	fmt.Fprintf(w, "%-14s %7s %7s\n", "stage", "from s", "takes s")
	for _, s := range stages {
		name, bar := s.Name, "█"
		if s.Guest {
			name, bar = "  "+name, "▒"
		}
		from, to := scale(s.Start), max(scale(s.Start+s.Duration), scale(s.Start)+1)
		fmt.Fprintf(w, "%-14s %7.2f %7.2f %s%s\n", name, s.Start.Seconds(), s.Duration.Seconds(), strings.Repeat(" ", from), strings.Repeat(bar, to-from))
	}
	fmt.Fprintf(w, "%-14s %7s %7.2f\n", "in all", "", total.Seconds())
}
