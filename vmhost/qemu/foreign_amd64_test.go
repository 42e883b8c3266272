package qemu

import (
	"path/filepath"
	"testing"

	"github.com/wherry-app/wherry/vmhost"
)

// TestForeignArchitecture starts an emulated machine whose kernel does nothing: what counts is that its QEMU takes the whole command line.
func TestForeignArchitecture(t *testing.T) {
	s := testSpec(t)
	s.Arch, s.Initrd = vmhost.ARM64, ""
	if _, err := findBinary("", s.Arch); err != nil {
		missing(t, "QEMU for %s is missing: %v", s.Arch, err)
	}
	s.Kernel = filepath.Join(filepath.Dir(s.Dir), "kernel, arm64")
	wait := trial{code: []byte{0x00, 0x00, 0x00, 0x14}} // b .
	if err := replaceFile(s.Kernel, wait.rom()); err != nil {
		t.Fatal(err)
	}
	s.CPUs = 10 // more than the older of its interrupt controllers takes
	s.Disks = []vmhost.Disk{{ID: "data", Path: writeFile(t, s.Dir+".disk", mebibyte)}}
	info := mustStart(t, newTestMachine(t, testDriver(t), s))
	if info.Accel != "tcg" {
		t.Errorf("accelerator %q, want tcg", info.Accel)
	}
}
