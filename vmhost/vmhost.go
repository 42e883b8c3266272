package vmhost

import (
	"context"
	"errors"
	"net"
	"runtime"
)

// Errors that drivers wrap, so that the engine can tell causes apart with errors.Is.
var (
	// ErrNotInstalled means that the hypervisor's program is missing on this host.
	ErrNotInstalled = errors.New("hypervisor not installed")
	// ErrUnsupported means that this host cannot run the hypervisor or the requested accelerator.
	ErrUnsupported = errors.New("not supported on this host")
	// ErrDiskLocked means that another process holds a disk file of the Spec.
	ErrDiskLocked = errors.New("disk is in use by another process")
	// ErrNoMemory means that the host could not give the memory that the Spec asks for.
	ErrNoMemory = errors.New("not enough memory on the host")
	// ErrHostFull means that the host has no space for what the machine writes to a disk.
	ErrHostFull = errors.New("no space left on the host's disk")
	// ErrNotRunning is returned by calls that need a running machine.
	ErrNotRunning = errors.New("virtual machine is not running")
	// ErrNewer means that a machine, or a file of one, was made by a newer version of Wherry.
	ErrNewer = errors.New("made by a newer version of Wherry")
	// ErrNoMachine is returned by Adopter.Find when nothing is left over.
	ErrNoMachine = errors.New("no virtual machine here")
)

// A Hinter is an error that knows what the user can do next. Drivers return such errors wherever they know it.
type Hinter interface {
	error
	// Hint is one sentence that names the next action, without a final full stop.
	Hint() string
}

// Arch is a guest architecture in Go's names.
type Arch string

// The architectures that guests are built for.
const (
	AMD64 Arch = "amd64"
	ARM64 Arch = "arm64"
)

// HostArch is the architecture of this host.
func HostArch() Arch { return Arch(runtime.GOARCH) }

// A Disk is one block device of the machine.
type Disk struct {
	// ID is the serial that the guest sees, at most 20 bytes.
	ID string
	// Path is a raw image file.
	Path string
	// ReadOnly disks are never locked or written.
	ReadOnly bool
}

// A Spec is everything a machine is made of. It is a plain value: two equal Specs make two equal machines.
type Spec struct {
	// Arch of the guest; one that is not the host's can only be emulated.
	Arch Arch
	// Accel asks for one accelerator ("kvm", "hvf", "whpx", "tcg", …); empty or "auto" takes the best that works.
	Accel string
	// CPUs is the number of virtual processors, at least 1.
	CPUs int
	// Memory is the guest's memory in bytes.
	Memory int64
	// Kernel and Initrd are files; Cmdline is the kernel's command line without a console, which the driver adds.
	Kernel, Initrd, Cmdline string
	// Disks appear in the guest in this order.
	Disks []Disk
	// MAC is the address of the network card, in the form 5a:94:ef:e4:0c:ee.
	MAC string
	// Dir is a folder for what the driver keeps while the machine runs (sockets, PID file). The driver creates it,
	// owner-only; one machine at a time per folder.
	Dir string
	// ConsoleLog is a file that gets what the guest's kernel prints; the driver appends and keeps it bounded.
	ConsoleLog string
}

// StopMode says how a machine is to end.
type StopMode int

// The ways to stop a machine. A clean shutdown of the guest is asked for over the link, by those who know the guest.
const (
	// StopPower presses the power button, waits until ctx ends for the guest to power off, and kills it then.
	StopPower StopMode = iota
	// StopKill ends the machine at once, like pulling the plug.
	StopKill
)

// A Channel names a byte stream between the host and a machine.
type Channel int

const (
	// ChannelLink reaches the guest's agent: a plain reliable byte stream.
	ChannelLink Channel = iota
	// ChannelNetwork is the other end of the guest's network card: Ethernet frames, each behind its length as 4 bytes,
	// big-endian (QEMU's stream framing), on every driver.
	ChannelNetwork
)

// Info says what a started machine is.
type Info struct {
	// PID of the process that is the machine, 0 if it has none of its own.
	PID int
	// Accel is the accelerator in use, for example "kvm" or "tcg".
	Accel string
	// Version of the hypervisor, for example "QEMU 7.2.22".
	Version string
}

// A Machine is one virtual machine.
type Machine interface {
	// Start starts it and returns when the virtual processors run; on a running machine it only returns its Info.
	// After an error (which is Err then, and Done is closed), or after Done or Stop, nothing of it is left running and it
	// is not started again: ErrNotRunning.
	Start(ctx context.Context) (Info, error)
	// Stop ends it and returns when it is gone. It is idempotent; stopping a machine that never started is no error, and
	// stopping one that starts cancels that.
	Stop(ctx context.Context, mode StopMode) error
	// Done is closed when the machine is gone, for whatever reason.
	Done() <-chan struct{}
	// Err says, after Done, why it is gone: nil when it was stopped or powered itself off.
	Err() error
	// Open opens a channel. A channel is open at most once at a time; when its conn is closed, it can be opened again,
	// and the guest sees that the host went away; to be sure of that, the next Open may wait for up to a second. On a
	// machine that is not running it is ErrNotRunning.
	Open(ctx context.Context, ch Channel) (net.Conn, error)
}

// A Driver makes machines with one hypervisor.
type Driver interface {
	// Name is the word used in settings, for example "qemu".
	Name() string
	// Probe is nil if the driver can work on this host, else an error that says why not, with a Hint.
	Probe(ctx context.Context) error
	// Create makes a machine without starting it. It checks the Spec and does no other I/O.
	Create(ctx context.Context, s Spec) (Machine, error)
}

// An Adopter is a Driver whose machines outlive the process that started them.
type Adopter interface {
	// Find looks in a Spec's Dir for a machine left running there, without touching it; ErrNoMachine if there is none.
	Find(ctx context.Context, dir string) (Info, error)
	// Adopt takes over the machine left running in s.Dir; its Start only returns its Info. It is an error (and the machine
	// is left as it is) if it does not answer before ctx ends, was made from another Spec or has an owner.
	Adopt(ctx context.Context, s Spec) (Machine, error)
	// Discard kills the machine that runs in dir, if there is one, and removes its stale files. If it has an owner (one that
	// hangs, perhaps), to that it is gone as if it had crashed.
	Discard(ctx context.Context, dir string) error
}
