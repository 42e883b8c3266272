package app

import (
	"context"
	"io"
)

// A Service is the whole engine as the CLI and the GUI use it. app/engine implements it in the daemon, app/api.Client
// everywhere else.
type Service interface {
	Observer
	Lifecycle
	Configurer
	Inspector
	PortTracer
}

// An Observer tells how the engine is.
type Observer interface {
	// Snapshot is the present state. It answers at once, whatever the engine does.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Watch calls f with the present snapshot and then with each newer one, until ctx ends or f returns an error, which
	// it returns. The newest snapshot wins: a slow f misses intermediate ones and delays nobody.
	Watch(ctx context.Context, f func(Snapshot) error) error
}

// A Lifecycle starts and stops the engine. Each call returns when its work is done. Calls for the same aim join: two
// starts at once are one start. A stop during a start ends the start.
type Lifecycle interface {
	// Start returns when docker answers; nil at once if it does already. When ctx ends first, the start is undone if
	// nobody else waits for it.
	Start(ctx context.Context) error
	// Stop returns when the engine is stopped (or suspended); nil at once if it is already. Only StopForce ends a suspended
	// engine: it drops what was saved.
	Stop(ctx context.Context, mode StopMode) error
	// Restart is Stop and Start as one wish.
	Restart(ctx context.Context) error
}

// A Configurer reads and changes what the user can decide.
type Configurer interface {
	// Settings are those that hold from the next start on.
	Settings(ctx context.Context) (Settings, error)
	// Set checks and saves changes, all or none. It says which of them need a restart of a running engine.
	Set(ctx context.Context, changes map[string]string) (SetResult, error)
	// Reset stops the engine and removes the data disk (images, containers, volumes), and without keepSettings the
	// settings too.
	Reset(ctx context.Context, keepSettings bool) error
}

// An Inspector looks inside.
type Inspector interface {
	// Ports lists the published ports.
	Ports(ctx context.Context) ([]Port, error)
	// Logs writes a log to w: what is kept, and with follow what comes, until ctx ends.
	Logs(ctx context.Context, source LogSource, follow bool, w io.Writer) error
	// Shell runs a program in the guest until it ends, or a login shell if there are no args.
	Shell(ctx context.Context, s ShellSession) error
}

// StopMode says how the engine is to end.
type StopMode string

// The ways to stop.
const (
	// StopClean stops the containers within their timeouts, writes the disks out and powers the guest off, or saves it without
	// containers for a fast start; people see no difference but the time of the next start.
	StopClean StopMode = "clean"
	// StopSuspend saves the VM with all that runs in it to the disk; the next start goes on from there. Where that is not
	// possible it is a StopClean, with a warning.
	StopSuspend StopMode = "suspend"
	// StopPowerOff is a StopClean after which the next start boots, whatever the setting for a fast start says.
	StopPowerOff StopMode = "poweroff"
	// StopForce pulls the plug. Disks stay consistent as after a power cut.
	StopForce StopMode = "force"
)

// SetResult says what became of changed settings.
type SetResult struct {
	Settings Settings `json:"settings"`
	// NeedRestart are the changed keys that a running engine takes up at its next start only.
	NeedRestart []string `json:"need_restart,omitempty"`
}

// LogSource names a log.
type LogSource string

// The logs there are.
const (
	LogEngine LogSource = "engine" // dockerd and containerd in the guest
	LogDaemon LogSource = "daemon" // Wherry itself
	LogKernel LogSource = "kernel" // the guest's serial console
)

// LogSources are all of them.
func LogSources() []LogSource { return []LogSource{LogEngine, LogDaemon, LogKernel} }

// Size of a terminal's window in characters.
type Size struct {
	Cols uint16 `json:"cols"`
	Rows uint16 `json:"rows"`
}

// ShellSession is a program to run in the guest and what it is connected to.
type ShellSession struct {
	Args   []string
	TTY    bool
	Size   Size
	Resize <-chan Size // nil if the window never changes
	Stdin  io.Reader
	Stdout io.Writer
}
