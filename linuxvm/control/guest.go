package control

import (
	"context"
	"io"
	"time"
)

// A Guest is what can be asked of the agent inside the VM.
type Guest interface {
	// Watch calls f with the guest's Status, first the present one and then each newer one (the newest wins when f is
	// slow), until ctx ends, f returns an error, or the link breaks.
	Watch(ctx context.Context, f func(Status) error) error
	// SetTime sets the guest's clock to the host's and returns by how much it was off.
	SetTime(ctx context.Context, host time.Time) (off time.Duration, err error)
	// Logs writes a service's log to w: all that is kept, and with follow what comes, until ctx ends.
	Logs(ctx context.Context, service string, follow bool, w io.Writer) error
	// Shutdown stops the containers (each by its own stop signal and timeout, all within grace), then dockerd and
	// containerd, writes the disks out and powers off. It returns when that has begun.
	Shutdown(ctx context.Context, grace time.Duration) error
}

// ServiceState is where a supervised program of the guest is.
type ServiceState string

// The states of a Service.
const (
	ServiceWaiting  ServiceState = "waiting"  // for something it needs
	ServiceStarting ServiceState = "starting" // its process runs, but it is not ready
	ServiceReady    ServiceState = "ready"    // it said that it is ready (sd_notify READY=1)
	ServiceHung     ServiceState = "hung"     // it runs, but answers nobody
	ServiceBackoff  ServiceState = "backoff"  // it ended and is started again after a pause
	ServiceStopped  ServiceState = "stopped"  // on purpose
)

// The services of the guest, as named in Status and Logs.
const (
	ServiceContainerd = "containerd"
	ServiceDockerd    = "dockerd"
	ServiceAgent      = "agent"
	ServiceKernel     = "kernel" // only in Logs
)

// Service is a program that the agent supervises.
type Service struct {
	Name     string       `json:"name"`
	State    ServiceState `json:"state"`
	PID      int          `json:"pid,omitempty"`
	Restarts int          `json:"restarts,omitempty"`
	// Error says how it ended last, when it did not on purpose, or what is wrong with a hung one.
	Error string `json:"error,omitempty"`
}

// Stage is a step of the guest's boot: what, from when to when, since the kernel's start.
type Stage struct {
	Name  string        `json:"name"`
	Start time.Duration `json:"start_ns"`
	// End is 0 while it goes on.
	End time.Duration `json:"end_ns,omitempty"`
}

// Problem is a reason for which the guest cannot go on by itself.
type Problem struct {
	// Stage that failed, for example "data-disk".
	Stage   string `json:"stage"`
	Message string `json:"message"`
	// Hint names the next action for the user.
	Hint string `json:"hint,omitempty"`
}

// Memory is the guest's memory in bytes.
type Memory struct {
	Total     int64 `json:"total"`
	Available int64 `json:"available"`
	Cache     int64 `json:"cache"`
	// Containers is what the containers' control group holds.
	Containers int64 `json:"containers"`
	// Each is the same for each running container, by ID.
	Each []ContainerMemory `json:"each,omitempty"`
}

// ContainerMemory is what one container's control group holds in bytes, and how much of it are caches of files.
type ContainerMemory struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Cache int64  `json:"cache"`
}

// DataDisk is the filesystem with images and volumes, in bytes.
type DataDisk struct {
	Filesystem string `json:"filesystem"`
	Total      int64  `json:"total"`
	Free       int64  `json:"free"`
}

// Status is all the agent says of the guest. Newer agents add fields; unknown ones are ignored.
type Status struct {
	// Protocol is the version of this contract that the agent speaks; see ProtocolVersion.
	Protocol int `json:"protocol"`
	// Agent is the agent's version; Kernel is the kernel's release; BootID tells one boot from another.
	Agent  string `json:"agent"`
	Kernel string `json:"kernel"`
	BootID string `json:"boot_id"`
	// Uptime since the kernel's start.
	Uptime   time.Duration `json:"uptime_ns"`
	Stages   []Stage       `json:"stages"`
	Services []Service     `json:"services"`
	// DockerReady is true while dockerd's socket answers.
	DockerReady bool     `json:"docker_ready"`
	Memory      Memory   `json:"memory"`
	Data        DataDisk `json:"data"`
	// ContainersCPU is the processor time that containers have used since the boot.
	ContainersCPU time.Duration `json:"containers_cpu_ns"`
	// Problem is set when the boot cannot go on.
	Problem *Problem `json:"problem,omitempty"`
}

// ProtocolVersion is raised when a change to this package breaks older agents.
const ProtocolVersion = 1

// ShellRequest is the first line (JSON) on a stream to link.PortShell. The agent answers with one line of JSON, a
// ShellReply. After it: without TTY, raw bytes both ways, the program's output and errors together; with TTY the same,
// but the host's bytes come as frames so that it can also say the size of its window: see ShellFrame.
type ShellRequest struct {
	Args []string          `json:"args"` // empty: a login shell
	Env  map[string]string `json:"env,omitempty"`
	TTY  bool              `json:"tty"`
	Cols uint16            `json:"cols,omitempty"`
	Rows uint16            `json:"rows,omitempty"`
}

// ShellReply answers a ShellRequest.
type ShellReply struct {
	Error string `json:"error,omitempty"`
}

// The host's frames on a TTY shell: one byte of kind, 2 bytes big-endian length, payload. The guest's bytes are raw; the
// program's exit status is not carried.
const (
	ShellFrameData   = 0 // payload: input
	ShellFrameResize = 1 // payload: cols, rows, 2 bytes big-endian each
)
