package main

import (
	"context"
	"time"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// measureIdle starts the engine anew, leaves it alone for 30 s, and looks at its processes then and a minute later.
func measureIdle(ctx context.Context, b *bench) error {
	settle, watch := 30*time.Second, time.Minute
	if b.quick {
		settle, watch = 10*time.Second, 20*time.Second
	}
	if _, err := b.running(ctx); err != nil {
		return err
	}
	if _, err := b.lab.Stop(ctx); err != nil {
		return err
	}
	_, snap, err := b.lab.Start(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, settle); err != nil {
		return err
	}
	processes := []struct {
		name string
		pid  int
		aim  *report.Aim
	}{{"qemu", snap.VM.PID, nil}, {"daemon", snap.Daemon.PID, report.AtMost(0.3)}}
	before := make([]time.Duration, len(processes))
	for i, p := range processes {
		mem, err := lab.MemoryOf(p.pid)
		if err != nil {
			return err
		}
		const mebibyte = 1 << 20
		b.report.Add(
			report.New("idle."+p.name+".rss", "memory "+settle.String()+" after the start", "MiB", report.Samples{float64(mem.Resident) / mebibyte}),
			report.New("idle."+p.name+".pss", "the same, shared pages divided", "MiB", report.Samples{float64(mem.Proportional) / mebibyte}),
		)
		if before[i], err = lab.ProcessorTime(p.pid); err != nil {
			return err
		}
	}
	begun := time.Now()
	if err := pause(ctx, watch); err != nil {
		return err
	}
	perMinute := float64(time.Minute) / float64(time.Since(begun))
	for i, p := range processes {
		after, err := lab.ProcessorTime(p.pid)
		if err != nil {
			return err
		}
		used := (after - before[i]).Seconds() * perMinute
		b.report.Add(report.New("idle."+p.name+".cpu", "processor seconds in an idle minute", "s", report.Samples{used}).Aiming(p.aim))
	}
	return nil
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
