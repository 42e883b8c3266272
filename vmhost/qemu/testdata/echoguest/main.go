// Command echoguest is the init of the behaviour suite's guest: it serves the port wherry.link and does nothing else.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("echoguest:", err)
	}
	perform(echo.PowerOff)
}

func run() error {
	for _, fs := range []string{"proc", "sysfs", "devtmpfs"} {
		dir := map[string]string{"proc": "/proc", "sysfs": "/sys", "devtmpfs": "/dev"}[fs]
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(fs, dir, fs, 0, ""); err != nil && err != syscall.EBUSY {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	device, err := findPort("wherry.link")
	if err != nil {
		return err
	}
	fmt.Println("echoguest: serving", device)
	for session := 1; ; session++ {
		if err := serve(device, session); err != nil {
			fmt.Println("echoguest:", err)
		}
	}
}

// serve waits for a host by writing to it, which the kernel holds back until there is one.
func serve(device string, session int) error {
	port, err := os.OpenFile(device, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer port.Close()
	return echo.Serve(port, session, perform)
}

func findPort(name string) (string, error) {
	ports, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, file := range ports {
		if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
			return "/dev/" + filepath.Base(filepath.Dir(file)), nil
		}
	}
	return "", fmt.Errorf("no port %s among %q", name, ports)
}

// fill writes a MiB to the first disk, whose driver may be a module in the initrd.
func fill() error {
	if module, err := os.Open("/virtio_blk.ko"); err == nil {
		defer module.Close()
		if err := unix.FinitModule(int(module.Fd()), "", 0); err != nil && err != syscall.EEXIST {
			return err
		}
	}
	disk, err := os.OpenFile("/dev/vda", os.O_WRONLY|os.O_SYNC, 0)
	if err != nil {
		return err
	}
	_, err = disk.Write(bytes.Repeat([]byte("full"), 1<<18))
	return errors.Join(err, disk.Close())
}

// perform does what a command says; most end the guest.
func perform(command string) {
	var err error
	switch command {
	case echo.PowerOff:
		err = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	case echo.Reboot:
		err = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	case echo.Panic:
		err = os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0)
	case echo.Fill:
		err = fill()
	}
	fmt.Println("echoguest:", command, err)
}
