package qemu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/wherry-app/wherry/vmhost"
)

// Config is what a Driver needs; its zero value works.
type Config struct {
	// Binary is the QEMU program to use instead of the one found for the guest's architecture.
	Binary string
	// CacheFile remembers what was found out about QEMU and its accelerators, so that later starts need not try again.
	// Without one, each Driver finds out anew.
	CacheFile string
	// Logger gets what the driver does; nil for none.
	Logger hclog.Logger
}

// Driver makes machines with QEMU.
type Driver struct {
	config Config
	log    hclog.Logger
	host   *prober
}

var (
	_ vmhost.Driver  = (*Driver)(nil)
	_ vmhost.Adopter = (*Driver)(nil)
)

// New makes a Driver and does no I/O.
func New(c Config) *Driver {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	log = log.Named("qemu")
	return &Driver{config: c, log: log, host: newProber(c.CacheFile, log)}
}

// Name is "qemu".
func (d *Driver) Name() string { return "qemu" }

// Probe is nil if a QEMU for guests of the host's architecture is installed and new enough.
func (d *Driver) Probe(ctx context.Context) error {
	binary, err := findBinary(d.config.Binary, vmhost.HostArch())
	if err != nil {
		return err
	}
	_, err = d.host.program(ctx, binary)
	return err
}

// Create makes a machine without starting it.
func (d *Driver) Create(_ context.Context, s vmhost.Spec) (vmhost.Machine, error) {
	return d.create(s)
}

func (d *Driver) create(s vmhost.Spec) (*Machine, error) {
	if err := checkSpec(s); err != nil {
		return nil, err
	}
	return newMachine(d, s), nil
}

// Find looks for a machine left running in dir, without touching it.
func (d *Driver) Find(ctx context.Context, dir string) (vmhost.Info, error) {
	f := filesIn(dir)
	pid, err := f.owner(ctx)
	if err != nil {
		return vmhost.Info{}, fmt.Errorf("look for a machine in %q: %w", dir, err)
	}
	if pid == 0 {
		return vmhost.Info{}, fmt.Errorf("%w: %q", vmhost.ErrNoMachine, dir)
	}
	r, err := readRecord(f.record)
	if err != nil {
		// Somebody took the record away: the machine can be discarded, but not adopted.
		return vmhost.Info{PID: pid}, nil
	}
	return r.info(pid), nil
}

// Adopt takes over the machine left running in s.Dir, if it was made from an equal Spec and answers before ctx ends.
func (d *Driver) Adopt(ctx context.Context, s vmhost.Spec) (vmhost.Machine, error) {
	m, err := d.create(s)
	if err != nil {
		return nil, err
	}
	if err := m.adopt(ctx); err != nil {
		return nil, fmt.Errorf("adopt machine in %q: %w", s.Dir, err)
	}
	return m, nil
}

// Discard kills a machine left running in dir and removes its stale files. If somebody owns the machine, for example a
// process that hangs, it is killed all the same, and to the owner it is gone as if it had crashed.
func (d *Driver) Discard(ctx context.Context, dir string) error {
	f := filesIn(dir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	left, err := f.hold(ctx)
	if err != nil {
		return err
	}
	if left != nil {
		defer left.Close()
		if err := left.Kill(); err != nil {
			return fmt.Errorf("kill QEMU, process %d: %w", left.PID(), err)
		}
		if err := left.Wait(ctx); err != nil {
			return fmt.Errorf("wait for the end of QEMU, process %d: %w", left.PID(), err)
		}
		d.log.Info("machine discarded", "dir", dir, "pid", left.PID())
	}
	return f.clean(ctx)
}
