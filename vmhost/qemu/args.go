package qemu

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wherry-app/wherry/vmhost"
)

// plan is what a command line depends on beside the Spec: what was found out about this host and its QEMU.
type plan struct {
	accel   string  // QEMU's name of the accelerator
	cpu     string  // QEMU's CPU model
	version version // of QEMU
	// monitor is where QMP's socket comes from: "fd=3" for one that QEMU inherits, or "path=…".
	monitor string
	// incoming makes QEMU wait for a saved state, and then for the command to run.
	incoming bool
}

// linkPort is the name under which the guest finds the port of vmhost.ChannelLink.
const linkPort = "wherry.link"

// linkDevice is QEMU's own name for that port.
const linkDevice = "linkport"

// arguments is QEMU's whole command line but for the program.
func arguments(s vmhost.Spec, p plan) []string {
	f := filesIn(s.Dir)
	args := []string{
		"-name", "wherry",
		"-nodefaults", "-no-user-config", "-no-reboot",
		"-display", "none",
		"-machine", machineType(s.Arch),
		"-accel", accelerator(p),
		"-cpu", p.cpu,
		"-smp", strconv.Itoa(s.CPUs),
		"-m", fmt.Sprintf("%dM", s.Memory/mebibyte),
		"-pidfile", f.pid,
		"-chardev", "socket,id=monitor,server=on,wait=off," + p.monitor,
		"-mon", "chardev=monitor,mode=control",
		"-chardev", "file,id=console,append=on,path=" + escape(s.ConsoleLog),
		"-serial", "chardev:console",
		"-kernel", s.Kernel,
	}
	if s.Initrd != "" {
		args = append(args, "-initrd", s.Initrd)
	}
	args = append(args, "-append", commandLine(s))
	for i, disk := range s.Disks {
		args = append(args, diskArguments(i, disk)...)
	}
	args = append(args,
		"-device", "virtio-serial-pci,max_ports=2",
		"-chardev", "socket,id=link,server=on,wait=off,path="+escape(f.link),
		"-device", "virtserialport,id="+linkDevice+",chardev=link,name="+linkPort,
		"-netdev", "stream,id=network,server=on,addr.type=unix,addr.path="+escape(f.network),
		"-device", "virtio-net-pci,netdev=network,romfile=,mac="+s.MAC,
		"-device", "virtio-balloon-pci,free-page-reporting=on",
		"-device", "virtio-rng-pci",
	)
	if p.incoming {
		args = append(args, "-S", "-incoming", "defer")
	}
	return args
}

func machineType(arch vmhost.Arch) string {
	if arch == vmhost.ARM64 {
		return "virt,gic-version=max"
	}
	return "q35,vmport=off"
}

func accelerator(p plan) string {
	switch {
	case p.accel == "tcg":
		return "tcg,thread=multi,tb-size=512"
	case p.accel == "whpx" && p.version.less(version{11, 0, 0}):
		return "whpx,kernel-irqchip=off"
	}
	return p.accel
}

// commandLine is the kernel's: the console goes first, so that the Spec has the last word.
func commandLine(s vmhost.Spec) string {
	console := "console=ttyS0"
	if s.Arch == vmhost.ARM64 {
		console = "console=ttyAMA0"
	}
	return strings.TrimSpace(console + " " + s.Cmdline)
}

// diskNode is QEMU's name of a disk.
func diskNode(i int) string { return fmt.Sprintf("disk%d", i) }

// diskArguments add one disk. Its writes go through the host's page cache and are flushed when the guest says so; what
// the guest discards or zeroes becomes a hole in the file; a full host disk pauses the machine instead of failing the
// guest's writes.
func diskArguments(i int, d vmhost.Disk) []string {
	node := diskNode(i)
	file := ",file.driver=file,file.aio=threads,file.filename=" + escape(d.Path)
	device := "virtio-blk-pci,drive=" + node + ",serial=" + escape(d.ID)
	if d.ReadOnly {
		return []string{
			"-blockdev", "driver=raw,node-name=" + node + ",read-only=on,file.locking=off" + file,
			"-device", device,
		}
	}
	return []string{
		"-blockdev", "driver=raw,node-name=" + node + ",discard=unmap,detect-zeroes=unmap,cache.direct=off,cache.no-flush=off" + file,
		"-device", device + ",werror=stop,rerror=stop",
	}
}

// escape makes a value safe inside one of QEMU's comma-separated options.
func escape(value string) string { return strings.ReplaceAll(value, ",", ",,") }
