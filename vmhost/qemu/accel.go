package qemu

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/wherry-app/wherry/vmhost"
)

// tcg is QEMU's own emulator, which works everywhere.
const tcg = "tcg"

// knownAccels are the words that a Spec may use.
var knownAccels = []string{"kvm", "hvf", "whpx", tcg}

func isAuto(accel string) bool { return accel == "" || accel == "auto" }

// plan finds QEMU and decides how it is to run a Spec.
func (d *Driver) plan(ctx context.Context, s vmhost.Spec) (prog program, p plan, err error) {
	binary, err := findBinary(d.config.Binary, s.Arch)
	if err != nil {
		return program{}, plan{}, err
	}
	prog, err = d.host.program(ctx, binary)
	if err != nil {
		return program{}, plan{}, err
	}
	accel, err := d.accelFor(ctx, s, prog)
	if err != nil {
		return program{}, plan{}, err
	}
	return prog, planFor(accel, s.Arch, prog.Version), nil
}

// accelFor is the accelerator that the Spec asks for, or the best one that works.
func (d *Driver) accelFor(ctx context.Context, s vmhost.Spec, program program) (string, error) {
	if s.Accel == tcg {
		return tcg, nil
	}
	if !isAuto(s.Accel) {
		err := d.host.works(ctx, program, s.Accel, s.Arch, true)
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("accelerator %s: %w", s.Accel, err)
			var hint vmhost.Hinter
			if !errors.As(err, &hint) {
				err = hinted(err, "Set accel to auto, so that one that works is taken")
			}
		}
		return s.Accel, err
	}
	if s.Arch == vmhost.HostArch() {
		for _, accel := range nativeAccels {
			err := d.host.works(ctx, program, accel, s.Arch, false)
			if err == nil {
				return accel, nil
			}
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			d.log.Warn("accelerator does not work", "accel", accel, "error", err)
		}
	}
	return tcg, nil
}

// possible is nil unless it is known without a try that the accelerator cannot work.
func possible(program program, accel string, arch vmhost.Arch) error {
	switch {
	case arch != vmhost.HostArch():
		return fmt.Errorf("%w: it cannot run guests for %s", vmhost.ErrUnsupported, arch)
	case !slices.Contains(nativeAccels, accel):
		return fmt.Errorf("%w: it belongs to another operating system", vmhost.ErrUnsupported)
	case !slices.Contains(program.Accels, accel):
		return fmt.Errorf("%w: this QEMU was built without it", vmhost.ErrUnsupported)
	case accel == "hvf" && arch == vmhost.ARM64 && program.Version.less(version{8, 2, 1}):
		return hinted(fmt.Errorf("%w: it needs QEMU 8.2.1, this is %v", vmhost.ErrUnsupported, program.Version),
			"Install a newer QEMU: "+installCommand(arch))
	}
	return accelDevice(accel)
}

// planFor knows which CPU model goes with an accelerator. The exceptions are what crashed guests or QEMU for others:
// WHPX with "max" on AMD processors, 1 GiB pages and AVX-512VL under HVF on Intel Macs, SME under HVF on newer ones.
func planFor(accel string, arch vmhost.Arch, v version) plan {
	p := plan{accel: accel, cpu: "host", version: v}
	switch {
	case accel == tcg:
		p.cpu = "max"
	case accel == "whpx":
		p.cpu = "qemu64"
	case accel == "hvf" && arch == vmhost.AMD64:
		p.cpu = "host,-pdpe1gb,-avx512vl"
	case brokenHostCPU():
		p.cpu = "max"
	}
	return p
}
