package pid1

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
)

func TestStages(t *testing.T) {
	now := time.Second
	b := newBoard(func() time.Duration { return now }, control.Status{})
	b.addStage("kernel", 0, now)
	end := b.stage("mounts")
	now = 3 * time.Second
	end()
	b.stage("network")
	s, _ := b.snapshot()
	want := []control.Stage{
		{Name: "kernel", End: time.Second},
		{Name: "mounts", Start: time.Second, End: 3 * time.Second},
		{Name: "network", Start: 3 * time.Second},
	}
	if len(s.Stages) != len(want) {
		t.Fatalf("stages are %v, want %v", s.Stages, want)
	}
	for i := range want {
		if s.Stages[i] != want[i] {
			t.Errorf("stage %d is %v, want %v", i, s.Stages[i], want[i])
		}
	}
	if s.Uptime != now {
		t.Errorf("uptime is %v, want %v", s.Uptime, now)
	}
}

func TestStageOnceNotesTheFirstRunOnly(t *testing.T) {
	b := newBoard(func() time.Duration { return time.Second }, control.Status{})
	b.stageOnce("dockerd")()
	b.stageOnce("dockerd")()
	if s, _ := b.snapshot(); len(s.Stages) != 1 {
		t.Errorf("stages are %v", s.Stages)
	}
}

func TestSnapshotTellsOfChanges(t *testing.T) {
	b := newBoard(func() time.Duration { return 0 }, control.Status{})
	before, changed := b.snapshot()
	select {
	case <-changed:
		t.Fatal("it says changed before there was a change")
	default:
	}
	b.problem(control.Problem{Stage: "data-disk"})
	<-changed
	after, _ := b.snapshot()
	if before.Problem != nil || after.Problem == nil || after.Problem.Stage != "data-disk" {
		t.Errorf("problem was %v and is %v", before.Problem, after.Problem)
	}
}

func TestWatchEndsWithItsContextAndItsFunction(t *testing.T) {
	b := newBoard(func() time.Duration { return 0 }, control.Status{})
	stop := errors.New("enough")
	if err := b.watch(t.Context(), time.Hour, func(control.Status) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the function's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := b.watch(ctx, time.Hour, func(control.Status) error {
		calls++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}
