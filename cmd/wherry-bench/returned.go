package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// calmTime is how long after its use memory is looked at again.
const calmTime = 15 * time.Second

// measureReturned uses memory, caches and disk space in containers and looks at what of it the host has back.
func measureReturned(ctx context.Context, b *bench) error {
	amount := int64(1 << 30)
	if b.quick {
		amount = 256 << 20
	}
	var memory, caches, disk, seconds report.Samples
	for range b.runs {
		if _, err := b.running(ctx); err != nil {
			return err
		}
		for what, into := range map[string]*report.Samples{"hold": &memory, "paging": &caches} {
			share, err := b.memoryBack(ctx, what, amount)
			if err != nil {
				return err
			}
			*into = append(*into, share)
		}
		share, took, err := b.diskBack(ctx)
		if err != nil {
			return err
		}
		disk, seconds = append(disk, share), append(seconds, took)
	}
	aim := report.AtLeast(85)
	b.report.Add(
		report.New("returned.memory", fmt.Sprintf("of the growth by a container that touched %s, back %s after its end", sizeName(amount), calmTime), "%", memory).Aiming(aim),
		report.New("returned.caches", fmt.Sprintf("the same after writing and reading %s of files", sizeName(amount)), "%", caches).Aiming(aim),
		report.New("returned.disk", "of the data disk's growth by an image, back within a minute after docker rmi", "%", disk).Aiming(aim),
		report.New("returned.disk.time", "until that much was back", "s", seconds).Aiming(report.AtMost(60)),
	)
	return nil
}

func sizeName(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// memoryBack is the share, in percent, of the VM's growth by a container that is back some time after its end.
func (b *bench) memoryBack(ctx context.Context, what string, amount int64) (float64, error) {
	snap, err := b.lab.Status(ctx)
	if err != nil {
		return 0, err
	}
	if err := pause(ctx, calmTime); err != nil { // what ran before has to be over
		return 0, err
	}
	before, err := lab.MemoryOf(snap.VM.PID)
	if err != nil {
		return 0, err
	}
	done, peak := make(chan struct{}), make(chan int64, 1)
	go func() {
		most := int64(0)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if m, err := lab.MemoryOf(snap.VM.PID); err == nil {
				most = max(most, m.Resident)
			}
			select {
			case <-done:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	_, err = b.lab.Docker(ctx, nil, "run", "--rm", selfName, what, fmt.Sprint(amount))
	close(done)
	most := <-peak
	if err == nil {
		err = pause(ctx, calmTime)
	}
	if err != nil {
		return 0, err
	}
	after, err := lab.MemoryOf(snap.VM.PID)
	if err != nil {
		return 0, err
	}
	grown := most - before.Resident
	if grown < amount/4 {
		return 0, fmt.Errorf("the VM has grown by %s only: nothing can come back", sizeName(grown))
	}
	share := 100 * float64(most-after.Resident) / float64(grown)
	b.say("  %s: from %s to %s and back to %s: %.0f %%", what, sizeName(before.Resident), sizeName(most), sizeName(after.Resident), share)
	return share, nil
}

// diskBack is the share, in percent, of the data disk's growth by an image that is back once that is removed, and after
// how many seconds it was enough.
func (b *bench) diskBack(ctx context.Context) (share, seconds float64, err error) {
	const size, name = 200 << 20, "noise:latest"
	allocated := func() int64 {
		st, err := os.Stat(b.lab.Home().DataDisk())
		if err != nil {
			return 0
		}
		return space.Allocated(st)
	}
	before := allocated()
	in, out := io.Pipe()
	go func() { out.CloseWithError(lab.WriteImage(out, name, size)) }()
	if _, err := b.lab.Docker(ctx, in, "load", "-q"); err != nil {
		return 0, 0, err
	}
	if _, err := b.lab.Shell(ctx, nil, "sync"); err != nil {
		return 0, 0, err
	}
	with := allocated()
	if with-before < size/2 {
		return 0, 0, fmt.Errorf("the data disk has grown by %s only", sizeName(with-before))
	}
	if _, err := b.lab.Docker(ctx, nil, "rmi", name); err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	for {
		share = 100 * float64(with-allocated()) / float64(with-before)
		if share >= 85 || time.Since(begun) > time.Minute {
			return share, time.Since(begun).Seconds(), nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return 0, 0, err
		}
	}
}

// hold touches memory.
func hold(n int64) error {
	const page = 4096
	b := make([]byte, n)
	for i := int64(0); i < n; i += page {
		b[i] = 1
	}
	fmt.Println(b[0])
	return nil
}

// pageThrough writes a file, reads it and removes it.
func pageThrough(path string, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer f.Close()
	if _, err := load.Copy(f, io.LimitReader(zeros{}, n)); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	got, err := load.Copy(io.Discard, f)
	if err == nil && got != n {
		err = errors.New("the file is shorter than it was written")
	}
	return err
}
