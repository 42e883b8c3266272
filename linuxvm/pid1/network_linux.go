package pid1

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const networkCard = "eth0"

// configureNetwork brings up the loopback and the network card.
func configureNetwork(o Options) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(fd)
	if err := setUp(fd, "lo"); err != nil {
		return err
	}
	if err := setMTU(fd, networkCard, o.MTU); err != nil {
		return err
	}
	address := o.Address()
	mask, _ := netip.AddrFromSlice(net.CIDRMask(address.Bits(), 32))
	for _, set := range []struct {
		request uint
		address netip.Addr
	}{{unix.SIOCSIFADDR, address.Addr()}, {unix.SIOCSIFNETMASK, mask}} {
		ifr, err := unix.NewIfreq(networkCard)
		if err != nil {
			return fmt.Errorf("name %q: %w", networkCard, err)
		}
		if err := ifr.SetInet4Addr(set.address.AsSlice()); err != nil {
			return fmt.Errorf("set address: %w", err)
		}
		if err := unix.IoctlIfreq(fd, set.request, ifr); err != nil {
			return fmt.Errorf("set address of %s: %w", networkCard, err)
		}
	}
	if err := setUp(fd, networkCard); err != nil {
		return err
	}
	return errors.Join(addDefaultRoute(fd, o.Gateway()), useResolver(o.Gateway()))
}

// useResolver makes the gateway the resolver, where the image's file names another address.
func useResolver(gateway netip.Addr) error {
	const file = "/etc/resolv.conf"
	text := "nameserver " + gateway.String() + "\n"
	if b, err := os.ReadFile(file); err == nil && string(b) == text {
		return nil
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("name the resolver: %w", err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("name the resolver: %w", err)
	}
	return nil
}

func setUp(fd int, name string) error {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("name %q: %w", name, err)
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	return nil
}

// setMTU sets the MTU, or the largest that the card takes when that is smaller.
func setMTU(fd int, name string, mtu int) error {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("name %q: %w", name, err)
	}
	for _, size := range []int{mtu, 1500} {
		ifr.SetUint32(uint32(size))
		if err = unix.IoctlIfreq(fd, unix.SIOCSIFMTU, ifr); err == nil {
			return nil
		}
	}
	return fmt.Errorf("set MTU of %s: %w", name, err)
}

// rtentry is the kernel's struct of that name, for 64-bit machines.
type rtentry struct {
	_                     uint64
	dst, gateway, genmask [16]byte
	flags                 uint16
	_                     int16
	_                     uint64
	_                     uint64
	metric                int16
	dev                   uintptr
	mtu, window           uint64
	irtt                  uint16
}

func addDefaultRoute(fd int, gateway netip.Addr) error {
	any4 := sockaddr(netip.IPv4Unspecified())
	r := rtentry{dst: any4, genmask: any4, gateway: sockaddr(gateway), flags: unix.RTF_UP | unix.RTF_GATEWAY}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCADDRT, uintptr(unsafe.Pointer(&r)))
	if errno != 0 && errno != unix.EEXIST {
		return fmt.Errorf("add route to %v: %w", gateway, errno)
	}
	return nil
}

// sockaddr is an IPv4 address as the kernel's struct sockaddr_in.
func sockaddr(a netip.Addr) (s [16]byte) {
	binary.NativeEndian.PutUint16(s[:], unix.AF_INET)
	b := a.As4()
	copy(s[4:], b[:])
	return s
}
