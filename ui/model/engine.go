package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
)

// Tone is the meaning behind a colour.
type Tone int

// The tones.
const (
	Neutral Tone = iota
	Accent
	Good
	Warn
	Bad
)

// Engine is how the engine's state is shown in the header, on the home page and in the tray.
type Engine struct {
	Label string
	Tone  Tone
	// Detail is one line under the label.
	Detail string
	// Button is the word on the big control; Action is what it does: start, stop or cancel.
	Button, Action string
	Enabled        bool
	// Busy says that something is going on and a progress is shown.
	Busy bool
	// Running says that docker answers.
	Running bool
	// CanRestart, CanSleep and CanForce enable the lesser actions.
	CanRestart, CanSleep, CanForce bool
	// Failure is set in the failed state, or when the daemon is not reachable.
	Failure *app.ErrorInfo
}

// ActionLabel is what the big control does, in words that stand alone.
func (e Engine) ActionLabel() string {
	if e.Button == "Start again" {
		return "Start the engine again"
	}
	return e.Button + " the engine"
}

// The engine's actions.
const (
	ActStart   = "start"
	ActStop    = "stop"
	ActRestart = "restart"
	ActCancel  = "cancel"
	ActSleep   = "sleep"
)

// EngineOf derives how the engine is shown.
func EngineOf(s State) Engine {
	e := engineAt(s)
	if s.Daemon != nil && e.Failure == nil {
		e = Engine{
			Label: "Not connected", Tone: Warn, Detail: "Looking for the engine…", Button: "Start", Action: ActStart,
			Enabled: true, Failure: s.Daemon,
		}
	}
	if s.Wish == ActStart && !e.Busy && !e.Running {
		e.Label, e.Tone, e.Detail, e.Busy = "Starting", Accent, "Asking the engine to start…", true
		e.Button, e.Action, e.Enabled, e.Failure = "Cancel", ActCancel, true, nil
	}
	if s.Wish == ActStop && e.Running {
		e.Label, e.Tone, e.Detail, e.Busy, e.Enabled, e.CanSleep = "Stopping", Accent, "Asking the engine to stop…", true, false, false
	}
	if s.Wish == ActSleep && e.Running {
		e.Label, e.Tone, e.Detail, e.Busy, e.Enabled, e.CanSleep = "Falling asleep", Accent, "Asking the engine to sleep…", true, false, false
	}
	return e
}

func engineAt(s State) Engine {
	snap := s.Engine
	switch snap.State {
	case app.StateRunning:
		n := 0
		for _, c := range s.Docker.Containers {
			if c.State == "running" {
				n++
			}
		}
		e := Engine{
			Label: "Running", Tone: Good, Detail: Plural(n, "container") + " running", Button: "Stop", Action: ActStop,
			Enabled: true, Running: true, CanRestart: true, CanSleep: true, CanForce: true,
		}
		if snap.Docker.Version != "" {
			e.Detail += " · Docker " + snap.Docker.Version
		}
		if snap.Trouble != nil {
			e.Tone, e.Failure = Warn, snap.Trouble
		}
		return e
	case app.StatePreparing, app.StateBooting, app.StateConnecting:
		return Engine{
			Label: "Starting", Tone: Accent, Detail: sentence(snap.Stage, "Starting the engine"), Button: "Cancel", Action: ActCancel,
			Enabled: true, Busy: true, CanForce: true,
		}
	case app.StateStopping:
		return Engine{Label: "Stopping", Tone: Accent, Detail: sentence(snap.Stage, "Stopping containers"), Button: "Stopping…", Busy: true, CanForce: true}
	case app.StateSuspending:
		return Engine{Label: "Falling asleep", Tone: Accent, Detail: sentence(snap.Stage, "Saving the engine's memory"), Button: "Wait…", Busy: true}
	case app.StateSuspended:
		return Engine{Label: "Asleep", Tone: Neutral, Detail: "What ran is kept on the disk. It wakes up when you ask, or when something connects to it", Button: "Wake", Action: ActStart, Enabled: true}
	case app.StateFailed:
		return Engine{
			Label: "Failed", Tone: Bad, Detail: "The engine did not start", Button: "Start again", Action: ActStart, Enabled: true,
			Failure: failureOf(snap),
		}
	case app.StateStopped:
		return Engine{Label: "Stopped", Tone: Neutral, Detail: "No containers are running", Button: "Start", Action: ActStart, Enabled: true, Failure: snap.LastError}
	}
	return Engine{Label: "Connecting", Tone: Neutral, Detail: "Looking for the engine…", Button: "Start", Busy: true}
}

func failureOf(snap app.Snapshot) *app.ErrorInfo {
	if snap.LastError != nil {
		return snap.LastError
	}
	return &app.ErrorInfo{Message: "the engine stopped unexpectedly", Hint: "Look at the logs under Help, then start it again."}
}

// sentence makes a stage's words presentable.
func sentence(stage, fallback string) string {
	if stage == "" {
		stage = fallback
	}
	r := []rune(stage)
	return strings.ToUpper(string(r[:1])) + string(r[1:]) + "…"
}

// Step is one line of the progress of a start.
type Step struct {
	Label string
	// Took is how long the step lasted or has been going on, as text.
	Took string
	// State is waiting, active, done or failed.
	State string
}

// Steps are the stages of the present or last start as this computer sees them; those inside the machine are left out.
func Steps(s State) []Step {
	var out []Step
	busy := s.Engine.State.Busy() || s.Wish == ActStart
	var host []app.Stage
	for _, st := range s.Engine.Stages {
		if !st.Guest {
			host = append(host, st)
		}
	}
	for i, st := range host {
		step := Step{Label: stageLabel(st.Name), Took: seconds(st.Duration), State: "done"}
		if st.Duration == 0 && i == len(host)-1 {
			switch {
			case busy:
				step.State, step.Took = "active", ""
			case s.Engine.State == app.StateFailed:
				step.State, step.Took = "failed", ""
			}
		}
		out = append(out, step)
	}
	return out
}

// stageLabel is a stage's name for people; a name not listed is shown as it is.
func stageLabel(name string) string {
	switch name {
	case "":
		return ""
	case "driver":
		return "Choose the hypervisor"
	case "image":
		return "Check the guest image"
	case "disk":
		return "Prepare the data disk"
	case "vm":
		return "Start the machine"
	case "agent":
		return "Boot Linux"
	case "docker":
		return "Start Docker"
	}
	return strings.TrimSuffix(sentence(strings.ReplaceAll(name, "_", " "), ""), "…")
}

func seconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	if d < time.Millisecond {
		return "1 ms"
	}
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// Gauge is one bar of the header.
type Gauge struct {
	Name, Text string
	// Value is between 0 and 1; negative if there is nothing to show.
	Value float64
	Tone  Tone
}

// Gauges are CPU, memory and disk of the VM.
func Gauges(s State) []Gauge {
	if s.Engine.State != app.StateRunning {
		return []Gauge{{"CPU", "–", -1, Neutral}, {"Memory", "–", -1, Neutral}, {"Disk", "–", -1, Neutral}}
	}
	vm := s.Engine.VM
	cpu := ContainersCPU(s.Docker)
	return []Gauge{
		gauge("CPU", Percent(cpu), cpu, 100*float64(max(vm.CPUs, 1))),
		gauge("Memory", Size(vm.MemoryUsedBytes), float64(vm.MemoryUsedBytes), float64(vm.MemoryBytes)),
		gauge("Disk", Size(vm.DiskUsedBytes), float64(vm.DiskUsedBytes), float64(vm.DiskBytes)),
	}
}

func gauge(name, text string, v, of float64) Gauge {
	g := Gauge{Name: name, Text: text, Value: -1, Tone: Accent}
	if of > 0 {
		g.Value = min(max(v/of, 0), 1)
	}
	switch {
	case g.Value > 0.95:
		g.Tone = Bad
	case g.Value > 0.85:
		g.Tone = Warn
	}
	return g
}

// ContainersCPU is the CPU use of all watched containers in percent of one processor.
func ContainersCPU(l Lists) float64 {
	sum := 0.0
	for _, c := range l.Containers {
		if st, ok := l.Stats[c.ID]; ok && c.State == "running" && st.CPU > 0 {
			sum += st.CPU
		}
	}
	return sum
}
