package qemu

import (
	"fmt"
	"strings"

	"github.com/wherry-app/wherry/vmhost"
)

// hintError is an error that knows the user's next action.
type hintError struct {
	error
	hint string
}

var _ vmhost.Hinter = (*hintError)(nil)

func (e *hintError) Hint() string  { return e.hint }
func (e *hintError) Unwrap() error { return e.error }

// hinted gives err a hint; nil stays nil.
func hinted(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hintError{err, hint}
}

// explain makes an error of what QEMU said before it ended by itself: the known causes get their own error and hint.
func explain(said string, s vmhost.Spec) error {
	said = strings.TrimSpace(said)
	has := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(said, text) {
				return true
			}
		}
		return false
	}
	switch {
	case has(`to get "write" lock`, `to get shared "write" lock`, "used by another process", "Failed to lock byte"):
		return hinted(fmt.Errorf("%w: %s", vmhost.ErrDiskLocked, lockedImage(said, s)),
			"Stop the other program that uses this disk, perhaps another Wherry or a QEMU started by hand")
	case has("load of migration failed"):
		return fmt.Errorf("%w: QEMU refuses it: %s", vmhost.ErrStateMismatch, firstLine(said))
	case has("annot set up guest memory", "Cannot allocate memory", "phys-bits too low", "ram size too large"):
		return hinted(fmt.Errorf("%w for a machine with %d MiB: %s", vmhost.ErrNoMemory, s.Memory/mebibyte, lastLine(said)),
			"Give the machine less memory, or close other programs")
	case has("Cannot lock pid file", "annot create PID file"):
		return hinted(fmt.Errorf("machine folder %q is in use: %s", s.Dir, lastLine(said)),
			"Another machine runs in this folder: stop it first")
	case has("failed to initialize", "Could not access KVM kernel module", "invalid accelerator"):
		return hinted(fmt.Errorf("accelerator: %w: %s", vmhost.ErrUnsupported, lastLine(said)),
			"Choose another accelerator, or none, so that one that works is taken")
	case has("backend type"):
		return hinted(fmt.Errorf("this QEMU is too old: %w: %s", vmhost.ErrUnsupported, lastLine(said)),
			"Install QEMU "+oldestVersion.String()+" or newer")
	case has("kernel", "initrd", "ram disk"):
		return hinted(fmt.Errorf("QEMU: %s", lastLine(said)), "Check that the guest image is complete and made for this architecture")
	}
	return hinted(fmt.Errorf("QEMU: %s", lastLine(said)), fmt.Sprintf("Look at what QEMU said in %q", filesIn(s.Dir).errors))
}

// lockedImage is the file that QEMU could not lock: it names it in brackets, or the disk's number, or else this is its last
// line.
func lockedImage(said string, s vmhost.Spec) string {
	line := lastLine(said)
	for i, disk := range s.Disks {
		if strings.Contains(line, fmt.Sprintf("drive=disk%d,", i)) {
			return disk.Path
		}
	}
	if _, rest, ok := strings.Cut(line, "["); ok {
		if image, _, ok := strings.Cut(rest, "]"); ok {
			return image
		}
	}
	return line
}

// lastLine is the last line of what QEMU said, without the program's name.
func lastLine(said string) string {
	said = strings.TrimSpace(said)
	line := strings.TrimSpace(said[strings.LastIndexByte(said, '\n')+1:])
	if name, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(name, "qemu-system-") && !strings.Contains(name, " ") {
		return rest
	}
	return line
}
