package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// An experiment measures some figures that belong together. It finds the engine in any state and may leave it in any.
type experiment struct {
	name  string
	about string
	run   func(context.Context, *bench) error
}

// experiments are all there are, in the order they are done. A new one needs a line here and a function.
func experiments() []experiment {
	return []experiment{
		{"image", "the guest image as shipped", measureImage},
		{"boot", "starts, first containers and stops, and what the starts cannot go below", measureBoot},
		{"idle", "memory and processor time of an engine that does nothing", measureIdle},
		{"sleep", "suspending, sleeping, and waking up beside cold starts", measureSleep},
		{"returned", "memory and disk space that come back to the host", measureReturned},
		{"link", "bytes between host and guest, without docker", measureLink},
		{"socket", "docker load and docker save", measureSocket},
		{"ports", "a published port beside plain loopback", measurePorts},
		{shareName, "files of the host in a container beside the guest's own disk; only if it is asked for", measureShare},
	}
}

func names() string {
	var all []string
	for _, e := range experiments() {
		all = append(all, e.name)
	}
	return strings.Join(all, ", ")
}

// bench is what the experiments share.
type bench struct {
	options
	lab    *lab.Lab
	report *report.Report
	// self is this program, static, for the guest.
	self string
}

// run does the chosen experiments and reports, also on those that were done before something went wrong.
func run(ctx context.Context, o options) (err error) {
	l, err := lab.New(lab.Config{Program: o.program, Settings: map[string]string{"accel": o.accel, "memory": o.memory}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	b := &bench{options: o, lab: l, self: l.File(selfName), report: &report.Report{
		Time: time.Now().UTC(), Machine: lab.Machine(ctx), Busy: map[string]float64{}, Figures: []report.Figure{},
	}}
	if err := b.build(ctx); err != nil {
		return err
	}
	for _, e := range experiments() {
		if !o.only.MatchString(e.name) || e.name == shareName && o.only.String() == "" || ctx.Err() != nil {
			continue
		}
		if err := b.do(ctx, e); err != nil && ctx.Err() == nil {
			b.say("%s failed: %v\n%s", e.name, err, b.lab.Logs())
			b.report.Fail(e.name, err)
		}
	}
	b.compare()
	b.show()
	if ctx.Err() != nil {
		return ctx.Err() // half a report would take the place of a whole one
	}
	return b.save()
}

// do does one experiment once the machine is quiet.
func (b *bench) do(ctx context.Context, e experiment) error {
	b.say("%s: %s", e.name, e.about)
	busy, err := lab.Quiet(ctx, 15, time.Minute)
	if err != nil {
		return err
	}
	b.report.Busy[e.name] = busy
	begun := time.Now()
	err = e.run(ctx, b)
	b.say("%s: done in %s", e.name, time.Since(begun).Round(time.Second))
	return err
}

// show prints the report.
func (b *bench) show() {
	fmt.Println()
	b.report.PrintTable(os.Stdout)
	if s, ok := b.report.Typical(secondStart); ok {
		fmt.Printf("\nwhere the time of a start goes (%s, %.2f s):\n", s.Name, s.Seconds)
		report.PrintChart(os.Stdout, s.Stages, 60)
	}
}

// save writes the report. An experiment that failed is an error.
func (b *bench) save() error {
	if b.out != "" {
		if err := b.report.Write(b.out); err != nil {
			return err
		}
	}
	if n := len(b.report.Failures); n > 0 {
		return fmt.Errorf("experiments failed: %d", n)
	}
	return nil
}

// say tells the user what is going on.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// selfName is this program's name in the guest and in containers.
const selfName = "wherry-bench"

// build compiles this program so that it runs anywhere.
func (b *bench) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.self, "github.com/wherry-app/wherry/cmd/wherry-bench")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the far end: %w: %s", err, out)
	}
	return nil
}

// running sees to it that the engine runs and has this program's image.
func (b *bench) running(ctx context.Context) (app.Snapshot, error) {
	snap, err := b.lab.Running(ctx)
	if err != nil {
		return snap, err
	}
	b.describe(snap)
	if _, err := b.lab.Docker(ctx, nil, "image", "inspect", selfName); err == nil {
		return snap, nil
	}
	return snap, b.importSelf(ctx)
}

// importSelf makes the image with this program as its only file.
func (b *bench) importSelf(ctx context.Context) error {
	path := b.lab.File("self.tar")
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("make image: %w", err)
	}
	if err := errors.Join(lab.WriteProgram(f, b.self), f.Close()); err != nil {
		return err
	}
	_, err = b.lab.Docker(ctx, nil, "import", "-c", `ENTRYPOINT ["/`+selfName+`","guest"]`, path, selfName)
	return err
}

// describe notes what of the machine is known once a VM runs.
func (b *bench) describe(snap app.Snapshot) {
	m := &b.report.Machine
	m.Accel, m.VMCores, m.VMMemoryBytes, m.GuestKernel, m.Docker = snap.Accel, snap.VM.CPUs, snap.VM.MemoryBytes, snap.VM.Kernel, snap.Docker.Version
}
