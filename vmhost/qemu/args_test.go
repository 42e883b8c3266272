package qemu

import (
	"slices"
	"testing"

	"github.com/wherry-app/wherry/vmhost"
)

func TestArgumentsAMD64(t *testing.T) {
	got := arguments(vmhost.Spec{
		Arch:    vmhost.AMD64,
		CPUs:    4,
		Memory:  2 << 30,
		Kernel:  "/images, all/kernel",
		Initrd:  "/images, all/initrd",
		Cmdline: "quiet root=/dev/vda,x",
		Disks: []vmhost.Disk{
			{ID: "root", Path: "/images, all/root.erofs", ReadOnly: true},
			{ID: "data", Path: "/my home, 2/data.img"},
		},
		MAC:        "5a:94:ef:e4:0c:ee",
		Dir:        "/my home, 2/vm",
		ConsoleLog: "/my home, 2/console.log",
	}, plan{accel: "tcg", cpu: "max", version: version{7, 2, 22}, monitor: "fd=3"})
	want := []string{
		"-name", "wherry",
		"-nodefaults", "-no-user-config", "-no-reboot",
		"-display", "none",
		"-machine", "q35,vmport=off",
		"-accel", "tcg,thread=multi,tb-size=512",
		"-cpu", "max",
		"-smp", "4",
		"-m", "2048M",
		"-pidfile", "/my home, 2/vm/qemu.pid",
		"-chardev", "socket,id=monitor,server=on,wait=off,fd=3",
		"-mon", "chardev=monitor,mode=control",
		"-chardev", "file,id=console,append=on,path=/my home,, 2/console.log",
		"-serial", "chardev:console",
		"-kernel", "/images, all/kernel",
		"-initrd", "/images, all/initrd",
		"-append", "console=ttyS0 quiet root=/dev/vda,x",
		"-blockdev", "driver=raw,node-name=disk0,read-only=on,file.locking=off,file.driver=file,file.aio=threads,file.filename=/images,, all/root.erofs",
		"-device", "virtio-blk-pci,drive=disk0,serial=root",
		"-blockdev", "driver=raw,node-name=disk1,discard=unmap,detect-zeroes=unmap,cache.direct=off,cache.no-flush=off,file.driver=file,file.aio=threads,file.filename=/my home,, 2/data.img",
		"-device", "virtio-blk-pci,drive=disk1,serial=data,werror=stop,rerror=stop",
		"-device", "virtio-serial-pci,max_ports=2",
		"-chardev", "socket,id=link,server=on,wait=off,path=/my home,, 2/vm/link.sock",
		"-device", "virtserialport,id=linkport,chardev=link,name=wherry.link",
		"-netdev", "stream,id=network,server=on,addr.type=unix,addr.path=/my home,, 2/vm/net.sock",
		"-device", "virtio-net-pci,netdev=network,romfile=,mac=5a:94:ef:e4:0c:ee",
		"-device", "virtio-balloon-pci,free-page-reporting=on",
		"-device", "virtio-rng-pci",
	}
	compare(t, got, want)
}

func TestArgumentsARM64(t *testing.T) {
	got := arguments(vmhost.Spec{
		Arch:       vmhost.ARM64,
		CPUs:       1,
		Memory:     512 << 20,
		Kernel:     "/i/kernel",
		MAC:        "5a:94:ef:e4:0c:ee",
		Dir:        "/d",
		ConsoleLog: "/d.log",
	}, plan{accel: "hvf", cpu: "host", version: version{9, 1, 0}, monitor: "path=/d/qmp.sock"})
	want := []string{
		"-name", "wherry",
		"-nodefaults", "-no-user-config", "-no-reboot",
		"-display", "none",
		"-machine", "virt,gic-version=max",
		"-accel", "hvf",
		"-cpu", "host",
		"-smp", "1",
		"-m", "512M",
		"-pidfile", "/d/qemu.pid",
		"-chardev", "socket,id=monitor,server=on,wait=off,path=/d/qmp.sock",
		"-mon", "chardev=monitor,mode=control",
		"-chardev", "file,id=console,append=on,path=/d.log",
		"-serial", "chardev:console",
		"-kernel", "/i/kernel",
		"-append", "console=ttyAMA0",
		"-device", "virtio-serial-pci,max_ports=2",
		"-chardev", "socket,id=link,server=on,wait=off,path=/d/link.sock",
		"-device", "virtserialport,id=linkport,chardev=link,name=wherry.link",
		"-netdev", "stream,id=network,server=on,addr.type=unix,addr.path=/d/net.sock",
		"-device", "virtio-net-pci,netdev=network,romfile=,mac=5a:94:ef:e4:0c:ee",
		"-device", "virtio-balloon-pci,free-page-reporting=on",
		"-device", "virtio-rng-pci",
	}
	compare(t, got, want)
}

func TestArgumentsToResume(t *testing.T) {
	s, p := vmhost.Spec{Arch: vmhost.AMD64, CPUs: 1, Memory: 1 << 30, Kernel: "/k", Dir: "/d"}, plan{accel: "kvm", cpu: "host"}
	want := append(arguments(s, p), "-S", "-incoming", "defer")
	p.incoming = true
	compare(t, arguments(s, p), want)
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("argument %d is %q, want %q", i, g, w)
		}
	}
}

func TestPlanKnowsTheQuirks(t *testing.T) {
	v9, v11 := version{9, 0, 0}, version{11, 0, 0}
	tests := []struct {
		accel      string
		arch       vmhost.Arch
		v          version
		cpu, value string
	}{
		{"tcg", vmhost.AMD64, v9, "max", "tcg,thread=multi,tb-size=512"},
		{"kvm", vmhost.AMD64, v9, "host", "kvm"},
		{"hvf", vmhost.AMD64, v9, "host,-pdpe1gb,-avx512vl", "hvf"},
		{"whpx", vmhost.AMD64, v9, "qemu64", "whpx,kernel-irqchip=off"},
		{"whpx", vmhost.AMD64, v11, "qemu64", "whpx"},
	}
	for _, test := range tests {
		p := planFor(test.accel, test.arch, test.v)
		if p.cpu != test.cpu || accelerator(p) != test.value {
			t.Errorf("%s %s %v: -cpu %s -accel %s, want %s and %s", test.accel, test.arch, test.v, p.cpu, accelerator(p), test.cpu, test.value)
		}
	}
}
