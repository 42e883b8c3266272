package lab_test

import (
	"os"
	"testing"
	"time"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
)

func TestOwnProcess(t *testing.T) {
	mem, err := lab.MemoryOf(os.Getpid())
	if err != nil || mem.Resident < 1<<20 || mem.Proportional > mem.Resident || mem.Proportional <= 0 {
		t.Errorf("%+v, %v", mem, err)
	}
	before, err := lab.ProcessorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; { // work until the clock has seen it
		after, err := lab.ProcessorTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after > before {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("work takes no processor time")
		}
	}
	self, err := lab.StartedAt(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if parent, err := lab.StartedAt(os.Getppid()); err != nil || parent <= 0 || self < parent {
		t.Errorf("started at %s, parent at %s, %v", self, parent, err)
	}
	if _, err := lab.MemoryOf(-1); err == nil {
		t.Error("a process that is not there has memory")
	}
}

func TestMachine(t *testing.T) {
	m := lab.Machine(t.Context())
	if m.Cores < 1 || m.MemoryBytes < 1<<28 || m.Kernel == "" {
		t.Errorf("%+v", m)
	}
}

func TestQuietGivesUp(t *testing.T) {
	busy, err := lab.Quiet(t.Context(), -1, 0)
	if err != nil || busy < 0 || busy > 100 {
		t.Errorf("%g percent, %v", busy, err)
	}
}
