package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/process"
)

// running is a QEMU process that runs, with all that is held for it.
type running struct {
	record  record
	files   files
	log     hclog.Logger
	lock    *os.File
	process *process.Process
	child   *exec.Cmd // nil for an adopted one
	monitor *monitor
	events  *events

	stopKeeper context.CancelFunc
	keeper     sync.WaitGroup
}

// keep looks after the logs until release.
func (r *running) keep() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stopKeeper = cancel
	r.keeper.Go(func() {
		keepBounded(ctx, func(err error) { r.log.Warn("log is not bounded", "error", err) },
			boundedLog(r.record.Spec.ConsoleLog), boundedLog(r.files.errors))
	})
}

func (r *running) info() vmhost.Info { return r.record.info(r.process.PID()) }

// wait returns when QEMU has ended, with why it did: nil if the guest powered off.
func (r *running) wait() error {
	var end error
	if r.child != nil {
		end = r.child.Wait()
	} else {
		end = r.process.Wait(context.Background())
	}
	<-r.monitor.gone
	return r.verdict(end)
}

// release lets go of everything, after wait.
func (r *running) release() {
	r.stopKeeper()
	r.keeper.Wait()
	r.files.removeStale()
	_ = r.process.Close()
	_ = r.lock.Close()
}

// verdict says why QEMU ended: what the guest did as far as QEMU told, else how the process ended.
func (r *running) verdict(end error) error {
	console := boundedLog(r.record.Spec.ConsoleLog)
	hint := fmt.Sprintf("Look at the end of the guest's console log %q", string(console))
	switch reason := r.events.shutdownReason(); reason {
	case "guest-shutdown":
		return nil
	case "guest-reset", "guest-panic":
		if cause, ok := console.panicLine(r.record.ConsoleOffset); ok {
			return hinted(fmt.Errorf("the guest's kernel panicked: %s", cause), hint)
		}
		return hinted(errors.New("the guest restarted by itself"), hint)
	case "":
		return hinted(r.crash(end), hint)
	default:
		return fmt.Errorf("the machine was ended from outside (%s)", reason)
	}
}

// crash is the error of a QEMU that ended without having been asked to.
func (r *running) crash(end error) error {
	err := errors.New("QEMU ended unexpectedly")
	if end != nil {
		err = fmt.Errorf("%w: %w", err, end)
	}
	said, _ := boundedLog(r.files.errors).tail(0, tailSize)
	if line := lastLine(string(said)); strings.TrimSpace(line) != "" {
		err = fmt.Errorf("%w: %s", err, line)
	}
	return err
}

// events keeps what QEMU's events said.
type events struct {
	log    hclog.Logger
	spec   vmhost.Spec
	port   guestPort
	pauses *vmhost.PauseState
	// migrated has the last end of a migration; see running.awaitMigration.
	migrated chan string

	mu     sync.Mutex
	reason string // of the last SHUTDOWN
}

func newEvents(m *Machine) *events {
	return &events{log: m.log, spec: m.spec, pauses: &m.pauses, migrated: make(chan string, 1)}
}

func (e *events) handle(event monitorEvent) {
	e.log.Debug("event", "name", event.Name, "data", string(event.Data))
	switch event.Name {
	case "SHUTDOWN":
		var data struct {
			Reason string `json:"reason"`
		}
		_ = json.Unmarshal(event.Data, &data)
		e.mu.Lock()
		e.reason = data.Reason
		e.mu.Unlock()
	case "VSERPORT_CHANGE":
		var data struct {
			ID   string `json:"id"`
			Open bool   `json:"open"`
		}
		if err := json.Unmarshal(event.Data, &data); err == nil && data.ID == linkDevice {
			e.port.guestChanged(data.Open)
		}
	case "BLOCK_IO_ERROR":
		if pause, ok := decodePause(event.Data, e.spec); ok {
			e.log.Error("machine is paused", "error", pause.Err)
			e.pauses.Set(pause)
		}
	case "RESUME":
		e.pauses.Set(vmhost.Pause{})
	case "MIGRATION":
		var data struct {
			Status string `json:"status"`
		}
		if err := json.Unmarshal(event.Data, &data); err == nil && finalStatus(data.Status) {
			select {
			case <-e.migrated:
			default:
			}
			e.migrated <- data.Status // has room: only this function sends
		}
	}
}

func (e *events) shutdownReason() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reason
}
