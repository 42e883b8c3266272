package app

import "time"

// State is where the engine is in its life.
type State string

// The states. Any of them can become StateFailed; from there and from StateStopped it can be started.
const (
	StateStopped    State = "stopped"
	StatePreparing  State = "preparing"  // checks the image, makes disks, chooses the driver
	StateBooting    State = "booting"    // the VM runs, its agent does not answer yet
	StateConnecting State = "connecting" // the agent answers, docker does not yet
	StateRunning    State = "running"
	StateSuspending State = "suspending"
	StateSuspended  State = "suspended"
	StateStopping   State = "stopping"
	StateFailed     State = "failed"
)

// Busy says whether the engine is on its way between two resting states.
func (s State) Busy() bool {
	switch s {
	case StatePreparing, StateBooting, StateConnecting, StateSuspending, StateStopping:
		return true
	}
	return false
}

// Snapshot is all there is to know of the engine at one moment. It is the body of `wherry status --json` and of the
// daemon's API; fields are only ever added.
type Snapshot struct {
	// Seq grows with each change while one daemon lives.
	Seq   uint64 `json:"seq"`
	State State  `json:"state"`
	// Stage says what a busy engine is doing, in words for people, for example "starting dockerd".
	Stage string `json:"stage,omitempty"`
	// StageSince is when Stage began, StageSeconds how long it may take; 0 if there is no such bound.
	StageSince   time.Time `json:"stage_since,omitzero"`
	StageSeconds float64   `json:"stage_seconds,omitempty"`
	// Since is when State began.
	Since time.Time `json:"since"`
	// Stages are the steps of the present or last start, in their order.
	Stages []Stage `json:"stages,omitempty"`
	// Driver and Accel are those in use, for example "qemu" and "kvm"; empty when no VM runs.
	Driver string  `json:"driver"`
	Accel  string  `json:"accel"`
	Docker Docker  `json:"docker"`
	VM     VM      `json:"vm"`
	Uptime float64 `json:"uptime_seconds"`
	Ports  []Port  `json:"ports"`
	// Names say how containers are reached by name; nil while nothing answers.
	Names *Names `json:"names,omitempty"`
	// Shares are the folders that a running engine shares with containers.
	Shares    []ShareState `json:"shares,omitempty"`
	LastError *ErrorInfo   `json:"last_error,omitempty"`
	// Trouble is what keeps an engine from answering that has been running, and what becomes of that.
	Trouble *ErrorInfo `json:"trouble,omitempty"`
	// Warnings are things that do not stop the engine but should be seen to.
	Warnings []ErrorInfo `json:"warnings,omitempty"`
	// Paused says why the VM does not run though the engine does: the host could not read or write its disk. It goes on by
	// itself when it can. Nothing is lost meanwhile.
	Paused *ErrorInfo `json:"paused,omitempty"`
	// Daemon is the process that owns the engine; its PID is 0 when there is none.
	Daemon Daemon `json:"daemon"`
}

// Stage is one step of a start.
type Stage struct {
	// Name is a word of a fixed set: see docs/architecture.md.
	Name string `json:"name"`
	// Start is the time since the start was asked for.
	Start time.Duration `json:"start_ns"`
	// Duration is 0 while it goes on.
	Duration time.Duration `json:"duration_ns,omitempty"`
	// Guest stages are measured inside the VM.
	Guest bool `json:"guest,omitempty"`
}

// Docker is where docker answers.
type Docker struct {
	// Socket is the value for DOCKER_HOST, for example unix:///home/me/.local/share/wherry/docker.sock.
	Socket string `json:"socket"`
	// Version of the engine in the guest; empty when it does not answer.
	Version string `json:"version"`
}

// VM is what the virtual machine has and uses.
type VM struct {
	PID         int   `json:"pid"`
	CPUs        int   `json:"cpus"`
	MemoryBytes int64 `json:"memory_bytes"`
	// MemoryUsedBytes is what the guest uses, without its caches.
	MemoryUsedBytes int64 `json:"memory_used_bytes"`
	// MemoryCacheBytes is what the guest caches; MemoryContainersBytes what its containers hold, caches included.
	MemoryCacheBytes      int64 `json:"memory_cache_bytes"`
	MemoryContainersBytes int64 `json:"memory_containers_bytes"`
	// Containers are those that run, with their shares of MemoryContainersBytes.
	Containers []ContainerMemory `json:"containers,omitempty"`
	// MemoryHostBytes is what the VM's process takes of the host's memory, DiskHostBytes what the data disk's file takes of
	// the host's disk.
	MemoryHostBytes int64  `json:"memory_host_bytes"`
	DiskHostBytes   int64  `json:"disk_host_bytes"`
	DiskBytes       int64  `json:"disk_bytes"`
	DiskUsedBytes   int64  `json:"disk_used_bytes"`
	Kernel          string `json:"kernel,omitempty"`
	Image           string `json:"image,omitempty"`
}

// ContainerMemory is what a running container holds in bytes, and how much of that are caches of files.
type ContainerMemory struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Bytes      int64  `json:"bytes"`
	CacheBytes int64  `json:"cache_bytes"`
}

// Daemon is the engine's process.
type Daemon struct {
	PID     int    `json:"pid"`
	Version string `json:"version"`
}

// PortState says how a published port is.
type PortState string

// The states of a port.
const (
	PortOpen   PortState = "open"
	PortAsleep PortState = "asleep" // open; the next client wakes the engine, or waits for it
	PortFailed PortState = "failed" // not open, see Error
)

// Port is a published port of a container.
type Port struct {
	Container     string `json:"container"`
	ContainerPort uint16 `json:"container_port"`
	Proto         string `json:"proto"`
	// ContainerID is the whole ID.
	ContainerID string `json:"container_id,omitempty"`
	// HostAddress is where it answers on this host, as address:port; empty if it does not.
	HostAddress string `json:"host_address"`
	// State says how it is.
	State PortState `json:"state"`
	// Found ports are not published: the container is on docker's host network, and listens there.
	Found bool `json:"found,omitempty"`
	// BytesIn came from clients, BytesOut went to them; Connections are open now (for UDP: the addresses of clients).
	BytesIn     int64 `json:"bytes_in"`
	BytesOut    int64 `json:"bytes_out"`
	Connections int   `json:"connections"`
	// Error and Hint are set when it does not answer.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}
