package qemu

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/wherry-app/wherry/vmhost"
)

// systemNames are QEMU's names of the architectures.
var systemNames = map[vmhost.Arch]string{vmhost.AMD64: "x86_64", vmhost.ARM64: "aarch64"}

// findBinary finds the QEMU program for guests of an architecture: the override if there is one, else the first one in
// PATH or in the folders where installers of this system put it (programs started from a desktop often lack those).
func findBinary(override string, arch vmhost.Arch) (string, error) {
	if override != "" {
		path, err := exec.LookPath(override)
		if err != nil {
			return "", hinted(fmt.Errorf("%w: %w", vmhost.ErrNotInstalled, err), "Correct the path of the QEMU program")
		}
		return filepath.Abs(path)
	}
	name := "qemu-system-" + systemNames[arch]
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range installDirs() {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", hinted(fmt.Errorf("%w: no program %s", vmhost.ErrNotInstalled, name), "Install QEMU, for example with: "+installCommand(arch))
}
