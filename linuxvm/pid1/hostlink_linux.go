package pid1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// linkPort is the name of the virtio-serial port to the host.
const linkPort = "wherry.link"

// hostPort is the port to the host, while it is open.
type hostPort struct {
	mu   sync.Mutex
	file *os.File
}

// open opens the port. The link closes it.
func (h *hostPort) open(context.Context) (io.ReadWriteCloser, error) {
	device, err := findPort(linkPort)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(device, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open link: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.file = f
	return f, nil
}

// connected reports whether the host has its end open.
func (h *hostPort) connected() bool {
	h.mu.Lock()
	f := h.file
	h.mu.Unlock()
	if f == nil {
		return false
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	there := false
	err = conn.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, 0); err == nil {
			there = fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) == 0
		}
	})
	return err == nil && there
}

// findPort returns the device of the virtio-serial port with a name.
func findPort(name string) (string, error) {
	files, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && strings.TrimSpace(string(b)) == name {
			return "/dev/" + filepath.Base(filepath.Dir(f)), nil
		}
	}
	return "", fmt.Errorf("no virtio-serial port %q", name)
}

// serveLink serves the host until ctx ends.
func (a *Agent) serveLink(ctx context.Context) {
	handlers := map[link.Port]Handler{
		link.PortDocker: a.serveDocker,
		link.PortShell:  a.serveShell,
	}
	if a.config.Handlers != nil {
		for port, h := range a.config.Handlers(a, a.log) {
			handlers[port] = h
		}
	}
	err := link.Serve(ctx, link.ServeConfig{Open: a.host.open, Handlers: handlers, Logger: a.log})
	if err != nil && !errors.Is(err, context.Canceled) {
		a.log.Error("link", "error", err)
	}
}

// watchHost shuts the guest down when the host has been away for too long.
func (a *Agent) watchHost(ctx context.Context) {
	if a.options.Orphan == 0 {
		return
	}
	tick := time.NewTicker(max(a.options.Orphan/10, time.Second))
	defer tick.Stop()
	seen := sinceBoot()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := sinceBoot()
		if a.host.connected() {
			seen = now
		}
		if now-seen >= a.options.Orphan {
			a.log.Warn("no host for too long: shutting down", "after", now-seen)
			_ = a.Shutdown(ctx, orphanGrace)
			return
		}
	}
}

// serveDocker joins a stream with dockerd's socket.
func (a *Agent) serveDocker(ctx context.Context, c link.Conn) {
	var d net.Dialer
	docker, err := d.DialContext(ctx, "unix", dockerSocket)
	if err != nil {
		a.log.Debug("docker socket", "error", err)
		_ = c.Reset()
		return
	}
	if err := a.config.Join(ctx, c, docker); err != nil {
		a.log.Debug("docker stream", "error", err)
	}
}
