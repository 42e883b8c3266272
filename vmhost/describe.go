package vmhost

import "context"

// A Describer is a Driver that can say what it found on this host, for people.
type Describer interface {
	// Describe looks without starting a machine; what takes long to find out is remembered between calls. It is an error,
	// with a Hint, if the driver cannot work here.
	Describe(ctx context.Context) (Found, error)
}

// Found is what a Driver found on this host.
type Found struct {
	// Program is the hypervisor's path, empty if it has none of its own.
	Program string
	// Version of the hypervisor, for example "QEMU 10.0.2".
	Version string
	// Accels are this system's hardware accelerators, the best first.
	Accels []FoundAccel
}

// FoundAccel is an accelerator and why it does not work: nil if it does.
type FoundAccel struct {
	Name string
	Err  error
}
