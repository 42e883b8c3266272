package qemu

import (
	"context"

	"github.com/wherry-app/wherry/vmhost"
)

var _ vmhost.Describer = (*Driver)(nil)

// Describe says which QEMU is used here and which accelerators work with it.
func (d *Driver) Describe(ctx context.Context) (vmhost.Found, error) {
	arch := vmhost.HostArch()
	binary, err := findBinary(d.config.Binary, arch)
	if err != nil {
		return vmhost.Found{}, err
	}
	prog, err := d.host.program(ctx, binary)
	if err != nil {
		return vmhost.Found{Program: binary}, err
	}
	found := vmhost.Found{Program: binary, Version: "QEMU " + prog.Version.String()}
	for _, accel := range nativeAccels {
		err := d.host.works(ctx, prog, accel, arch, false)
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		found.Accels = append(found.Accels, vmhost.FoundAccel{Name: accel, Err: err})
	}
	return found, nil
}
