package qemu

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	"github.com/wherry-app/wherry/vmhost"
)

// recordFormat is raised when a record means something else than before.
const recordFormat = 1

// record says what the machine in a folder was made from. It is written before QEMU starts, so that a running QEMU
// always has one.
type record struct {
	// Format is recordFormat; 0 in those of before there was one.
	Format  int         `json:"format"`
	Spec    vmhost.Spec `json:"spec"`
	Accel   string      `json:"accel"`
	Version string      `json:"version"`
	// Machine is what a state that this QEMU saves belongs to.
	Machine identity `json:"machine"`
	// ConsoleOffset is where this boot's output begins in the console log.
	ConsoleOffset int64 `json:"console_offset"`
}

func (r record) info(pid int) vmhost.Info {
	return vmhost.Info{PID: pid, Accel: r.Accel, Version: r.Version}
}

func (r record) write(path string) error {
	r.Format = recordFormat
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

func readRecord(path string) (record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return record{}, err
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err == nil && version.Format > recordFormat {
		return record{}, hinted(fmt.Errorf("%w: its record has format %d", vmhost.ErrNewer, version.Format),
			"Update Wherry, or give the machine up with `wherry stop --force`")
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, fmt.Errorf("decode %q: %w", path, err)
	}
	return r, nil
}

// equalSpecs compares two Specs as they are written down, where no disks are as good as an empty list of them.
func equalSpecs(a, b vmhost.Spec) bool {
	if len(a.Disks) == 0 && len(b.Disks) == 0 {
		a.Disks, b.Disks = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
