package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/wherry-app/wherry/vmhost"
)

// TestDiscardMakesHoles does to a disk what a guest could and looks at the space that its file takes.
func TestDiscardMakesHoles(t *testing.T) {
	s := testSpec(t)
	s.Disks = []vmhost.Disk{{ID: "data", Path: filepath.Join(filepath.Dir(s.Dir), "data, 1")}}
	if err := os.WriteFile(s.Disks[0].Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.Disks[0].Path, 8*mebibyte); err != nil {
		t.Fatal(err)
	}
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	for _, step := range []struct {
		command string
		want    int64 // MiB in use after it
	}{
		{"write -P 1 0 4M", 4},
		{"discard 0 1M", 3},
		{"write -P 0 1M 1M", 2}, // zeroes
		{"flush", 2},
	} {
		// The first device without a name is the disk.
		line := fmt.Sprintf("qemu-io -d /machine/peripheral-anon/device[0]/virtio-backend %q", step.command)
		var said string
		err := m.(*Machine).run.monitor.execute(t.Context(), "human-monitor-command", map[string]string{"command-line": line}, &said)
		if err != nil || said != "" {
			t.Fatalf("%s: %v %s", step.command, err, said)
		}
		info, err := os.Stat(s.Disks[0].Path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t).Blocks * 512; got != step.want*mebibyte {
			t.Errorf("after %q the file takes %d bytes, want %d MiB", step.command, got, step.want)
		}
	}
}
