package pid1

import (
	"errors"
	"fmt"
	"os"
)

// containersGroup is the control group under which dockerd puts those of the containers.
const containersGroup = "/sys/fs/cgroup/docker"

// makeGroups gives the containers' control group its controllers and makes it, before dockerd would with the first
// container. The kernel patches its own code when the first group accounts for memory. On QEMU before 8.1 an emulated
// processor that runs that code in the same moment goes on with half of the patch, which ends in an oops; now, hardly
// anything runs, and a guest that dies is simply booted again.
func makeGroups() error {
	var errs []error
	for _, c := range []string{"cpuset", "cpu", "io", "memory", "pids"} {
		if err := os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+"+c), 0); err != nil {
			errs = append(errs, fmt.Errorf("control group controller %s: %w", c, err))
		}
	}
	return errors.Join(append(errs, os.MkdirAll(containersGroup, 0o755))...)
}
