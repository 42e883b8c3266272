package doctor

import (
	"io/fs"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/space"
)

// Facts are what an examination is about; a plain value, so that verdicts can be tested.
type Facts struct {
	OS, Arch, Version string

	Drivers  []DriverFacts
	Settings app.Settings
	// SettingsErr says why the settings cannot be read.
	SettingsErr error

	// MemoryTotal and MemoryAvailable are the host's, in bytes; 0 if not known.
	MemoryTotal, MemoryAvailable int64

	Home HomeFacts
	// Disk is that of the state directory; its zero value is not known.
	Disk space.Space
	// DataBytes is what the data disk takes of it.
	DataBytes int64

	Daemon DaemonFacts

	// ImageErr says why there is no guest image; Image names it.
	Image    string
	ImageErr error

	// LoopbackErr says why this user cannot listen on the loopback address.
	LoopbackErr error
	// FirstPort is the lowest port that programs of this user may listen on; 0 if not known.
	FirstPort int
	// ReservedPorts are ranges that the system keeps for itself, for example "50000-50059".
	ReservedPorts []string

	Docker DockerFacts
}

// DriverFacts are about a hypervisor.
type DriverFacts struct {
	Name, Program, Version string
	Err                    error
	Accels                 []AccelFacts
}

// AccelFacts are about a hardware accelerator; a nil Err means that it works.
type AccelFacts struct {
	Name string
	Err  error
}

// HomeFacts are about the state directory.
type HomeFacts struct {
	Path string
	// Err is why it cannot be used: a path that is too long, or no right to write.
	Err    error
	Exists bool
	// Mode is 0 where a system has no such rights.
	Mode fs.FileMode
	// Foreign says that it belongs to another user.
	Foreign bool
	// Network names the filesystem if it lies on another computer.
	Network string
	Sockets []SocketFacts
}

// SocketFacts are about a socket file that exists.
type SocketFacts struct {
	Path string
	Mode fs.FileMode
}

// DaemonFacts are about the engine's process.
type DaemonFacts struct {
	// Locked says that a process owns the state directory; PID is what it said of itself.
	Locked bool
	PID    int
	// Err is why it does not answer; nil with Locked means that Snapshot is true.
	Err      error
	Snapshot app.Snapshot
	// OrphanPID is a VM that runs without a daemon.
	OrphanPID int
	Suspended bool
	LastError *app.ErrorInfo
}

// DockerFacts are about the docker command line and other engines.
type DockerFacts struct {
	// Program is the docker command's path, empty if there is none.
	Program string
	// Host is $DOCKER_HOST; Context is the current context's name, empty for the default one.
	Host, Context string
	// Ours is what DOCKER_HOST would be for Wherry, OurContext the name of Wherry's context.
	Ours, OurContext string
	// Others are other engines' sockets that exist, as "name (path)".
	Others []string
	// SystemSocket is what /var/run/docker.sock leads to, empty if there is none.
	SystemSocket string
}
