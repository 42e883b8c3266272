package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// The starts that are measured, which are also the names of their figures.
const (
	firstStart  = "boot.first"
	secondStart = "boot.second"
)

// bootRuns are the results of the cycles, each of which is one start on an empty engine, one stop and one more start.
type bootRuns struct {
	first, imported, stop, second, container, again report.Samples
	kernel, dockerd, floor, processor               report.Samples
}

// measureBoot does the cycles and leaves the engine running. A cycle that fails ends it; those before it count.
func measureBoot(ctx context.Context, b *bench) error {
	var r bootRuns
	var err error
	for i := range b.runs {
		if err = r.cycle(ctx, b); err != nil {
			err = fmt.Errorf("cycle %d: %w", i+1, err)
			break
		}
		b.say("  cycle %d: first start %.1f s, second %.1f s, container after %.1f s, floor %.1f s, stop %.1f s",
			i+1, r.first[i], r.second[i], r.container[i], r.floor[i], r.stop[i])
	}
	if len(r.first) > 0 {
		r.report(b)
	}
	return err
}

// report makes figures of the cycles.
func (r *bootRuns) report(b *bench) {
	const floor = "floor"
	b.report.Add(
		report.New(firstStart, "wherry start on an empty engine until it returns", "s", r.first).Against(floor, r.floor),
		report.New(secondStart, "wherry start of an engine with an image", "s", r.second).Against(floor, r.floor).Aiming(report.RatioAtMost(1.2)),
		report.New("boot.container", "that second start and docker run --rm of a one-file image", "s", r.container).Against(floor, r.floor),
		report.New("boot.processor", "processor seconds of VM and daemon in the second start", "s", r.processor),
		report.New("boot.floor", "kernel to init, and dockerd's own start in a warmed guest", "s", r.floor),
		report.New("boot.kernel", "the floor's part of the kernel", "s", r.kernel),
		report.New("boot.dockerd", "the floor's part of dockerd", "s", r.dockerd),
		report.New("boot.run", "docker run --rm once more", "s", r.again),
		report.New("boot.import", "docker import of the one-file image, "+sizeOf(b.self), "s", r.imported),
		report.New("boot.stop", "wherry stop until it returns", "s", r.stop),
	)
}

// cycle measures once, on an engine that has never been started.
func (r *bootRuns) cycle(ctx context.Context, b *bench) error {
	if err := b.lab.Fresh(ctx); err != nil {
		return err
	}
	first, snap, err := b.start(ctx, firstStart)
	if err != nil {
		return err
	}
	b.describe(snap)
	imported, err := timed(func() error { return b.importSelf(ctx) })
	if err != nil {
		return err
	}
	stop, err := b.lab.Stop(ctx)
	if err != nil {
		return err
	}
	second, snap, err := b.start(ctx, secondStart)
	if err != nil {
		return err
	}
	container, err := timed(func() error { return b.runNothing(ctx) })
	if err != nil {
		return err
	}
	again, err := timed(func() error { return b.runNothing(ctx) })
	if err != nil {
		return err
	}
	dockerd, err := b.dockerdAlone(ctx)
	if err != nil {
		return err
	}
	kernel, err := stageOf(snap, "kernel")
	if err != nil {
		return err
	}
	r.first = append(r.first, first.Seconds())
	r.imported = append(r.imported, imported.Seconds())
	r.stop = append(r.stop, stop.Seconds())
	r.second = append(r.second, second.Seconds())
	r.processor = append(r.processor, b.report.Starts[len(b.report.Starts)-1].Processor)
	r.container = append(r.container, (second + container).Seconds())
	r.again = append(r.again, again.Seconds())
	r.kernel = append(r.kernel, kernel.Seconds())
	r.dockerd = append(r.dockerd, dockerd.Seconds())
	r.floor = append(r.floor, (kernel + dockerd).Seconds())
	return nil
}

// start starts the engine on a quiet machine and keeps the stages.
func (b *bench) start(ctx context.Context, name string) (time.Duration, app.Snapshot, error) {
	if _, err := lab.Quiet(ctx, 15, 30*time.Second); err != nil {
		return 0, app.Snapshot{}, err
	}
	before, err := lab.BusyTime()
	if err != nil {
		return 0, app.Snapshot{}, err
	}
	took, snap, err := b.lab.Start(ctx)
	if err != nil {
		return 0, app.Snapshot{}, err
	}
	after, err := lab.BusyTime()
	if err != nil {
		return 0, app.Snapshot{}, err
	}
	own, err := processorTime(snap.VM.PID, snap.Daemon.PID)
	if err != nil {
		return 0, app.Snapshot{}, err
	}
	b.report.Starts = append(b.report.Starts, report.Start{
		Name: name, Seconds: took.Seconds(), Processor: own.Seconds(), Others: lab.Share(after-before-own, took), Stages: snap.Stages,
	})
	return took, snap, nil
}

// processorTime is what some processes have used together.
func processorTime(pids ...int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		t, err := lab.ProcessorTime(pid)
		if err != nil {
			return 0, err
		}
		sum += t
	}
	return sum, nil
}

// runNothing runs a container that ends at once.
func (b *bench) runNothing(ctx context.Context) error {
	_, err := b.lab.Docker(ctx, nil, "run", "--rm", selfName, "nothing")
	return err
}

// floorTries is how often dockerd is started for one value of the floor. The least counts: what makes a start longer, such
// as other programs, is nothing that a start cannot go below.
const floorTries = 3

// dockerdAlone is dockerd's own start in a guest that has its files in memory and all else running.
func (b *bench) dockerdAlone(ctx context.Context) (time.Duration, error) {
	there, err := b.inGuest(ctx)
	if err != nil {
		return 0, err
	}
	var tries report.Samples
	for range floorTries {
		if _, err := lab.Quiet(ctx, 15, 20*time.Second); err != nil {
			return 0, err
		}
		out, err := b.lab.Shell(ctx, nil, there, "guest", "dockerd")
		if err != nil {
			return 0, err
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(out), 64)
		if err != nil {
			return 0, fmt.Errorf("restart dockerd: %s", out)
		}
		tries = append(tries, seconds)
	}
	b.say("  dockerd's own start: %.2f s", tries)
	return time.Duration(tries.Min() * float64(time.Second)), nil
}

// inGuest copies this program into the guest, outside of docker, and returns its path there.
func (b *bench) inGuest(ctx context.Context) (string, error) {
	const there = "/run/" + selfName
	f, err := os.Open(b.self)
	if err != nil {
		return "", fmt.Errorf("read program: %w", err)
	}
	defer f.Close()
	out, err := b.lab.Shell(ctx, f, "sh", "-c", "cat >"+there+" && chmod 755 "+there)
	if err == nil && out != "" {
		err = errors.New(out)
	}
	if err != nil {
		return "", fmt.Errorf("copy program into the guest: %w", err)
	}
	return there, nil
}

// stageOf is how long a stage of the guest took in a start.
func stageOf(snap app.Snapshot, name string) (time.Duration, error) {
	for _, s := range snap.Stages {
		if s.Guest && s.Name == name && s.Duration > 0 {
			return s.Duration, nil
		}
	}
	return 0, fmt.Errorf("the guest did not say how long its stage %q took", name)
}

func timed(f func() error) (time.Duration, error) {
	begun := time.Now()
	err := f()
	return time.Since(begun), err
}

func sizeOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "size unknown"
	}
	return fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)
}

// The reference of the first design, measured with other programs on such a machine: not of this run.
const (
	prototypeStart = 15.8 // seconds of the untuned prototype's start, two processors in software emulation
	prototypeAim   = 0.75
	limaOver       = 4.5 // how many times as long Lima took as the prototype, in pairs
)

// disturbed is how much of the processors others may use during a start before it says little, in percent.
const disturbed = 5

// compare says what to think of the starts: whether they were disturbed, and how they are to the reference, where the
// machine is one of that kind.
func (b *bench) compare() {
	var others report.Samples
	for _, s := range b.report.Starts {
		others = append(others, s.Others)
	}
	if others.Max() > disturbed {
		b.report.Note("other programs used %.0f to %.0f %% of this machine's processors during the starts: not compared with the reference; measure again", others.Min(), others.Max())
		return
	}
	m := b.report.Machine
	s, ok := b.report.Typical(secondStart)
	if !ok || m.Accel != "tcg" || m.Cores != 2 {
		return
	}
	b.report.Note("start %.1f s is %.2f of the prototype's %.1f s on such a machine (aim ≤ %g, %.1f s), and with Lima at %g times the prototype, %.1f times as fast as Lima; the reference is not of this run",
		s.Seconds, s.Seconds/prototypeStart, prototypeStart, prototypeAim, prototypeAim*prototypeStart, limaOver, limaOver*prototypeStart/s.Seconds)
}
