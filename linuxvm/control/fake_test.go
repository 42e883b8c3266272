package control_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// fakeGuest is a guest in memory.
type fakeGuest struct {
	clockOff time.Duration // how far its clock is off before it is set

	mu      sync.Mutex
	changed chan struct{}
	status  control.Status
	ports   []control.ListeningPort
	logs    map[string][]byte
	stopped []time.Duration
	calls   int // watches and follows that go on
}

var (
	_ control.Guest       = (*fakeGuest)(nil)
	_ control.PortWatcher = (*fakeGuest)(nil)
)

func newFakeGuest() *fakeGuest {
	return &fakeGuest{
		clockOff: -1500 * time.Millisecond,
		changed:  make(chan struct{}),
		status:   fullStatus(),
		ports: []control.ListeningPort{
			{Proto: "tcp", Addr: netip.MustParseAddrPort("0.0.0.0:80")}, {Proto: "udp", Addr: netip.MustParseAddrPort("[::1]:53")},
		},
		logs: map[string][]byte{control.ServiceDockerd: []byte("a line\n")},
	}
}

// fullStatus has every field set.
func fullStatus() control.Status {
	return control.Status{
		Protocol: control.ProtocolVersion, Agent: "0.1", Kernel: "6.12", BootID: "b", Uptime: 3 * time.Second,
		Stages:        []control.Stage{{Name: "root", Start: time.Second, End: 2 * time.Second}},
		Services:      []control.Service{{Name: control.ServiceDockerd, State: control.ServiceBackoff, PID: 7, Restarts: 2, Error: "exit 1"}},
		DockerReady:   true,
		Memory:        control.Memory{Total: 4, Available: 3, Cache: 2, Containers: 1},
		Data:          control.DataDisk{Filesystem: "ext4", Total: 9, Free: 8},
		ContainersCPU: time.Minute,
		Problem:       &control.Problem{Stage: "data-disk", Message: "m", Hint: "h"},
	}
}

// change changes the guest and wakes those who watch it.
func (g *fakeGuest) change(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	close(g.changed)
	g.changed = make(chan struct{})
}

// follow calls f now and after each change.
func (g *fakeGuest) follow(ctx context.Context, f func() error) error {
	g.change(func() { g.calls++ })
	defer g.change(func() { g.calls-- })
	for {
		g.mu.Lock()
		changed := g.changed
		g.mu.Unlock()
		if err := f(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *fakeGuest) Watch(ctx context.Context, f func(control.Status) error) error {
	return g.follow(ctx, func() error {
		g.mu.Lock()
		s := g.status
		g.mu.Unlock()
		return f(s)
	})
}

func (g *fakeGuest) WatchPorts(ctx context.Context, f func([]control.ListeningPort) error) error {
	return g.follow(ctx, func() error {
		g.mu.Lock()
		p := slices.Clone(g.ports)
		g.mu.Unlock()
		return f(p)
	})
}

func (g *fakeGuest) SetTime(_ context.Context, host time.Time) (time.Duration, error) {
	if host.Year() < 2000 {
		return 0, errors.New("clock: that is long ago")
	}
	return g.clockOff, nil
}

func (g *fakeGuest) Logs(ctx context.Context, service string, follow bool, w io.Writer) error {
	g.mu.Lock()
	log, ok := g.logs[service]
	g.mu.Unlock()
	if !ok {
		return fmt.Errorf("no service %q", service)
	}
	if !follow {
		_, err := w.Write(log)
		return err
	}
	written := 0
	return g.follow(ctx, func() error {
		g.mu.Lock()
		log := g.logs[service]
		g.mu.Unlock()
		n, err := w.Write(log[written:])
		written += n
		return err
	})
}

func (g *fakeGuest) Shutdown(_ context.Context, grace time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.stopped) > 0 {
		return errors.New("shutdown has begun")
	}
	g.stopped = append(g.stopped, grace)
	return nil
}

// waitIdle waits until no watch or follow goes on.
func (g *fakeGuest) waitIdle() {
	for {
		g.mu.Lock()
		n, changed := g.calls, g.changed
		g.mu.Unlock()
		if n == 0 {
			return
		}
		<-changed
	}
}
