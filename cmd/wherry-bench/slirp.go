package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
)

// Slirp, QEMU's own user-space network, is what published ports are held against: it is measured in the same VM and the
// same run, as a second network card whose hostfwd leads to the same container. The guest's kernel forwards its packets
// as it does those of a published port.
const (
	slirpGuest = "10.0.2.15"
	slirpCard  = "eth1"
	// slirpPort is the container's port as dockerd publishes it in the guest, on all of its addresses.
	slirpPort = "7979"
)

// slirp is the second card of a VM.
type slirp struct{ tcp, udp int } // the host's ports

// addSlirp makes the next start's QEMU have the second card: a program of QEMU's name, found before it, adds it to the
// command line of the VM. remove undoes that.
func (b *bench) addSlirp(s slirp) (remove func(), err error) {
	const name = "qemu-system-x86_64"
	real, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("find QEMU: %w", err)
	}
	dir := b.lab.File("slirp")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	forward := func(proto string, port int) string {
		return fmt.Sprintf("hostfwd=%s:127.0.0.1:%d-%s:%s", proto, port, slirpGuest, slirpPort)
	}
	script := fmt.Sprintf(`#!/bin/sh
case "$*" in
*virtserialport*) exec %[1]s "$@" -netdev user,id=slirp,%[2]s,%[3]s -device virtio-net-pci,netdev=slirp,romfile= ;;
*) exec %[1]s "$@" ;;
esac
`, real, forward("tcp", s.tcp), forward("udp", s.udp))
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
		return nil, fmt.Errorf("write program: %w", err)
	}
	return b.lab.Before(dir), nil
}

// joinSlirp gives the second card its address in the guest.
func (b *bench) joinSlirp(ctx context.Context) error {
	for _, line := range []string{
		"ip addr add " + slirpGuest + "/24 dev " + slirpCard, "ip link set " + slirpCard + " up",
	} {
		out, err := b.lab.Shell(ctx, nil, strings.Fields(line)...)
		if err == nil && strings.TrimSpace(out) != "" {
			err = errors.New(strings.TrimSpace(out))
		}
		if err != nil {
			return fmt.Errorf("second card: %s: %w", line, err)
		}
	}
	return nil
}

// dials are how the load gets through a card.
func (s slirp) dials() (tcp, udp load.Dial) {
	at := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	return load.TCP(at(s.tcp)), load.UDP(at(s.udp))
}
