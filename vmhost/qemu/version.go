package qemu

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
)

// version is QEMU's: major, minor, micro.
type version [3]int

// oldestVersion has `-netdev stream`.
var oldestVersion = version{7, 2, 0}

var versionPattern = regexp.MustCompile(`version (\d+)\.(\d+)(?:\.(\d+))?`)

// parseVersion reads what `qemu-system-… --version` prints.
func parseVersion(printed string) (version, error) {
	match := versionPattern.FindStringSubmatch(printed)
	if match == nil {
		return version{}, fmt.Errorf("no version in %q", printed)
	}
	var v version
	for i := range v {
		v[i], _ = strconv.Atoi(match[i+1]) // digits, or nothing for a missing micro
	}
	return v, nil
}

func (v version) less(w version) bool {
	return cmp.Or(cmp.Compare(v[0], w[0]), cmp.Compare(v[1], w[1]), cmp.Compare(v[2], w[2])) < 0
}

// String is for example "7.2.22".
func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }
