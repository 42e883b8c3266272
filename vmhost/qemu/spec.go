package qemu

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/wherry-app/wherry/vmhost"
)

const (
	mebibyte = 1 << 20
	// minMemory is below what any Linux guest of ours boots with.
	minMemory = 64 * mebibyte
	maxCPUs   = 255
	maxSerial = 20 // bytes; virtio-blk's limit
)

// checkSpec finds what is wrong with a Spec as such, without looking at any file.
func checkSpec(s vmhost.Spec) error {
	switch {
	case s.Arch != vmhost.AMD64 && s.Arch != vmhost.ARM64:
		return fmt.Errorf("architecture %q: %w", s.Arch, vmhost.ErrUnsupported)
	case !isAuto(s.Accel) && !slices.Contains(knownAccels, s.Accel):
		return hinted(fmt.Errorf("accelerator %q: unknown", s.Accel), "Use auto, kvm, hvf, whpx or tcg")
	case s.CPUs < 1 || s.CPUs > maxCPUs:
		return fmt.Errorf("%d processors: not in 1..%d", s.CPUs, maxCPUs)
	case s.Memory < minMemory || s.Memory%mebibyte != 0:
		return fmt.Errorf("memory of %d bytes: not a whole number of MiB from %d on", s.Memory, minMemory/mebibyte)
	}
	if err := checkPaths(s); err != nil {
		return err
	}
	if mac, err := net.ParseMAC(s.MAC); err != nil || len(mac) != 6 || mac[0]&1 != 0 {
		return fmt.Errorf("MAC address %q: not one of a network card", s.MAC)
	}
	var ids []string
	for _, disk := range s.Disks {
		if disk.ID == "" || len(disk.ID) > maxSerial || slices.Contains(ids, disk.ID) {
			return fmt.Errorf("disk ID %q: not unique or not of 1..%d bytes", disk.ID, maxSerial)
		}
		ids = append(ids, disk.ID)
	}
	return filesIn(s.Dir).check()
}

// checkPaths wants absolute paths: QEMU runs in another folder.
func checkPaths(s vmhost.Spec) error {
	paths := map[string]string{"kernel": s.Kernel, "machine folder": s.Dir, "console log": s.ConsoleLog}
	if s.Initrd != "" {
		paths["initrd"] = s.Initrd
	}
	for _, disk := range s.Disks {
		paths["disk "+disk.ID] = disk.Path
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		if !filepath.IsAbs(paths[name]) {
			return fmt.Errorf("%s %q: not an absolute path", name, paths[name])
		}
	}
	return nil
}

// checkFiles opens every file of the Spec as QEMU will, for errors that name the file and what to do.
func checkFiles(s vmhost.Spec) error {
	inputs := []string{s.Kernel}
	if s.Initrd != "" {
		inputs = append(inputs, s.Initrd)
	}
	for _, path := range inputs {
		if err := tryOpen(path, os.O_RDONLY); err != nil {
			return hinted(fmt.Errorf("open guest image: %w", err), "Check that the guest image is installed and readable")
		}
	}
	for _, disk := range s.Disks {
		flag := os.O_RDWR
		if disk.ReadOnly {
			flag = os.O_RDONLY
		}
		if err := tryOpen(disk.Path, flag); err != nil {
			return hinted(fmt.Errorf("open disk %q: %w", disk.ID, err), "Check that the disk file is there and that you own it")
		}
	}
	// Rather here than from QEMU, which would not know what the file is for.
	if err := tryOpen(s.ConsoleLog, os.O_WRONLY|os.O_CREATE|os.O_APPEND); err != nil {
		return hinted(fmt.Errorf("open console log: %w", err), "Check that you own its folder and that the disk is not full")
	}
	return nil
}

func tryOpen(path string, flag int) error {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("open %q: is a folder", path)
	}
	return nil
}
