package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

func TestStateBelongsToOneMachine(t *testing.T) {
	s := vmhost.Spec{
		Arch: vmhost.AMD64, CPUs: 1, Memory: 1 << 30, Kernel: "/k", Dir: "/d",
		Disks: []vmhost.Disk{{ID: "data", Path: filepath.Join(t.TempDir(), "disk")}},
	}
	if err := os.WriteFile(s.Disks[0].Path, make([]byte, 512), 0o600); err != nil {
		t.Fatal(err)
	}
	prog := program{Path: "/bin/qemu", Size: 1, Modified: time.Unix(1, 0), Version: version{7, 2, 22}}
	header := func(s vmhost.Spec, prog program, p plan) stateHeader {
		t.Helper()
		h, err := newStateHeader(newIdentity(s, prog, p), s, "image one", "ticket one")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	emulated := plan{accel: tcg, cpu: "max"}
	saved := header(s, prog, emulated)
	running := emulated
	running.monitor, running.incoming = "fd=3", true
	if err := saved.mismatch(header(s, prog, running)); err != nil {
		t.Errorf("the same machine: %v", err)
	}
	refused := func(word string, now stateHeader) {
		t.Helper()
		if err := saved.mismatch(now); !errors.Is(err, vmhost.ErrStateMismatch) || !strings.Contains(err.Error(), word) {
			t.Errorf("mismatch() = %v, want ErrStateMismatch with %q", err, word)
		}
	}
	newer := prog
	newer.Version[2]++
	refused("another QEMU", header(s, newer, emulated))
	rebuilt := prog
	rebuilt.Modified = time.Unix(2, 0)
	refused("another QEMU", header(s, rebuilt, emulated))
	refused("processor", header(s, prog, plan{accel: "kvm", cpu: "host"}))
	refused("spec", header(s, prog, plan{accel: tcg, cpu: "qemu64"}))
	larger := s
	larger.Memory *= 2
	refused("spec", header(larger, prog, emulated))
	other := header(s, prog, emulated)
	other.Binding = "image two"
	refused("binding", other)
	other = header(s, prog, emulated)
	other.Ticket = ""
	refused("another machine", other)
	if err := os.Truncate(s.Disks[0].Path, 1024); err != nil {
		t.Fatal(err)
	}
	refused("disk", header(s, prog, emulated))
}
