package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/wherry-app/wherry/vmhost"
)

var _ vmhost.Pauser = (*Machine)(nil)

// Pauses reports troubles with disks; see vmhost.Pauser.
func (m *Machine) Pauses() (pauses <-chan vmhost.Pause, cancel func()) { return m.pauses.Watch() }

// Continue lets a paused machine run; see vmhost.Pauser.
func (m *Machine) Continue(ctx context.Context) error {
	m.mu.Lock()
	run, suspending := m.run, m.suspending
	m.mu.Unlock()
	switch {
	case run == nil:
		return vmhost.ErrNotRunning
	case suspending:
		return errors.New("continue machine: it is being suspended")
	}
	return run.monitor.execute(ctx, "cont", nil, nil)
}

// diskError is QEMU's event BLOCK_IO_ERROR.
type diskError struct {
	Node      string `json:"node-name"`
	Operation string `json:"operation"`
	Action    string `json:"action"`
	NoSpace   bool   `json:"nospace"`
	Reason    string `json:"reason"`
}

// decodePause is the Pause of an event BLOCK_IO_ERROR; false if the machine is not paused by it.
func decodePause(data json.RawMessage, s vmhost.Spec) (vmhost.Pause, bool) {
	var e diskError
	if err := json.Unmarshal(data, &e); err != nil || e.Action != "stop" {
		return vmhost.Pause{}, false
	}
	return e.pause(s), true
}

func (e diskError) pause(s vmhost.Spec) vmhost.Pause {
	disk := vmhost.Disk{ID: e.Node}
	for i, d := range s.Disks {
		if e.Node == diskNode(i) {
			disk = d
		}
	}
	if e.NoSpace {
		return vmhost.Pause{Disk: disk.ID, Err: hinted(fmt.Errorf("%s disk %q: %w", e.Operation, disk.ID, vmhost.ErrHostFull),
			fmt.Sprintf("Free space on the disk that holds %q", disk.Path))}
	}
	return vmhost.Pause{Disk: disk.ID, Err: hinted(fmt.Errorf("%s disk %q: %s", e.Operation, disk.ID, e.Reason),
		fmt.Sprintf("Check the disk that holds %q", disk.Path))}
}

// findPause is the Pause of a machine that was found paused.
func (r *running) findPause(ctx context.Context) (vmhost.Pause, error) {
	var disks []struct {
		Status   string `json:"io-status"`
		Inserted struct {
			Node string `json:"node-name"`
		} `json:"inserted"`
	}
	if err := r.monitor.execute(ctx, "query-block", nil, &disks); err != nil {
		return vmhost.Pause{}, err
	}
	for _, d := range disks {
		if d.Status == "nospace" || d.Status == "failed" {
			e := diskError{Node: d.Inserted.Node, Operation: "use", NoSpace: d.Status == "nospace", Reason: "input/output error"}
			return e.pause(r.record.Spec), nil
		}
	}
	return diskError{Node: "unknown", Operation: "use", Reason: "input/output error"}.pause(r.record.Spec), nil
}
