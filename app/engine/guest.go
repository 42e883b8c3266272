package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/outbound"
	"github.com/wherry-app/wherry/forwarder/ports"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/linuxvm/tunnel"
)

// guest follows what the agent says of itself and tells the owner.
type guest struct {
	*session
	status chan control.Status // newest first; one place

	prune      atomic.Pointer[string] // what docker could remove, as of pruneAsked
	pruneAsked time.Time
}

// watchGuest starts following the agent.
func (s *session) watchGuest() *guest {
	g := &guest{session: s, status: make(chan control.Status, 1)}
	s.task("guest status", func(ctx context.Context) error { return again(ctx, g.watch) })
	s.task("guest pulse", g.feelPulse)
	return g
}

// watch follows one connection to the agent.
func (g *guest) watch(ctx context.Context) error {
	first := true
	err := g.agent.Watch(ctx, func(st control.Status) error {
		if first {
			first = false
			g.syncClock(ctx)
			g.report(evLinked, nil)
		}
		g.take(st)
		return nil
	})
	if ctx.Err() == nil && !first {
		g.report(evLinkLost, func(snap *app.Snapshot) {
			if snap.State == app.StateRunning || snap.State == app.StateConnecting {
				snap.Stage = "waiting for the guest to answer"
			}
		})
	}
	return err
}

// syncClock sets the guest's clock to ours.
func (g *guest) syncClock(ctx context.Context) {
	off, err := g.agent.SetTime(ctx, time.Now())
	if err != nil {
		g.log.Warn("set the guest's clock", "error", err)
		return
	}
	g.log.Debug("guest's clock set", "was_off", off)
}

// take brings a status into the snapshot and to those who wait for it.
func (g *guest) take(st control.Status) {
	if st.Data.Filesystem != "" {
		g.diskMounted()
	}
	use := g.measure(st)
	select {
	case <-g.status:
	default:
	}
	g.status <- st
	zero := time.Since(g.asked) - st.Uptime
	var ev event // before docker is published, boot says how far it is
	switch {
	case g.wasReady() && st.DockerReady:
		ev = evReady
	case g.wasReady():
		ev = evDockerLost
	}
	g.mu.Lock()
	g.containersCPU, g.sampled, g.last = st.ContainersCPU, time.Now(), &st
	g.mu.Unlock()
	g.report(ev, func(snap *app.Snapshot) {
		if !g.adopted {
			snap.Stages = append(hostStages(snap.Stages), guestStages(st.Stages, zero)...)
		}
		snap.Trouble = nil
		if ev == evDockerLost {
			d := serviceOf(st, control.ServiceDockerd)
			snap.Trouble = dockerTrouble(string(d.State), d.Error)
			if snap.State == app.StateRunning {
				snap.Stage = "waiting for docker to come back"
			}
		}
		use.into(snap)
		snap.VM.Kernel = st.Kernel
	})
}

// hostStages are the stages that were not measured in the guest.
func hostStages(all []app.Stage) []app.Stage {
	var host []app.Stage
	for _, s := range all {
		if !s.Guest {
			host = append(host, s)
		}
	}
	return host
}

// guestStages puts the guest's stages on the host's time axis, on which the guest's kernel started at zero.
func guestStages(stages []control.Stage, zero time.Duration) []app.Stage {
	var out []app.Stage
	for _, s := range stages {
		out = append(out, app.Stage{Name: s.Name, Start: zero + s.Start, Duration: max(s.End-s.Start, 0), Guest: true})
	}
	return out
}

// waitLinked waits for the agent's first word.
func (g *guest) waitLinked(ctx context.Context) error {
	return g.wait(ctx, func(control.Status) bool { return true })
}

// waitDocker waits until docker answers a real request.
func (g *guest) waitDocker(ctx context.Context) error {
	configured := make(chan struct{})
	configuring, cancel := context.WithCancel(ctx)
	defer func() { cancel(); <-configured }()
	go func() {
		defer close(configured)
		g.configureDocker(configuring)
	}()
	if err := g.wait(ctx, func(st control.Status) bool { return st.DockerReady }); err != nil {
		return err
	}
	<-configured
	docker, err := g.dockerClient()
	if err != nil {
		return err
	}
	defer docker.Close()
	v, err := docker.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return fmt.Errorf("ask docker for its version: %w", err)
	}
	g.report("", func(snap *app.Snapshot) { snap.Docker.Version = v.Version })
	return nil
}

// wait waits for a status that is as wanted. A problem in the guest, or the machine's end, is an error.
func (g *guest) wait(ctx context.Context, wanted func(control.Status) bool) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-g.machine.Done():
			return g.gone()
		case st := <-g.status:
			if p := st.Problem; p != nil && !g.cfg.Rescue {
				return app.Errorf(p.Hint, "%s: %s", p.Stage, p.Message)
			}
			if wanted(st) {
				g.status <- st // for who waits next
				return nil
			}
		}
	}
}

// dockerClient speaks Docker's API to dockerd over the link.
func (s *session) dockerClient() (*client.Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return s.link.Dial(ctx, link.PortDocker) }
	c, err := client.New(client.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}}), client.WithHost("tcp://dockerd:1"), client.WithDialContext(dial))
	if err != nil {
		return nil, fmt.Errorf("make docker client: %w", err)
	}
	return c, nil
}

// publishDocker opens the docker socket and the published ports on the host, unless they are open, and lets clients in;
// then the engine is running.
func (s *session) publishDocker() error {
	s.inside = len(s.cleanup)
	docker, err := s.dockerClient()
	if err != nil {
		return err
	}
	s.later(func() { _ = docker.Close() })
	if err := s.front.offer(); err != nil {
		return err
	}
	s.followDockerSettings()
	s.task("routes", s.watchRoutes)
	s.forwardPorts(docker)
	s.mu.Lock()
	s.ready = true
	s.mu.Unlock()
	s.front.serve(s)
	s.announce(s.life)
	s.report(evReady, nil)
	return nil
}

// guestDockerSocket is dockerd's socket in the guest.
const guestDockerSocket = "/run/docker.sock"

// published is what keeps listeners for the ports that containers publish.
type published struct {
	front   *front
	watcher *ports.Watcher
	docker  *client.Client
	log     hclog.Logger
}

// settlePatience is how long the reply to a container's start waits for its ports, and for its end if they are taken.
const settlePatience = 30 * time.Second

// settle returns when the ports of a container that has just been started answer. If they cannot, it stops the container
// and says why not.
func (p *published) settle(ctx context.Context, container string) error {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	if err := p.watcher.Refresh(ctx); err != nil {
		p.log.Warn("ports of a started container are not known yet", "container", container, "error", err)
		return nil
	}
	failed := p.front.failed(container)
	if failed == nil {
		return nil
	}
	info, now := app.InfoOf(failed), 0
	if _, err := p.docker.ContainerStop(ctx, container, client.ContainerStopOptions{Timeout: &now}); err != nil {
		p.log.Warn("stop a container whose ports are taken", "container", container, "error", err)
	} else if err := p.watcher.Refresh(ctx); err != nil {
		p.log.Debug("refresh ports", "error", err)
	}
	if info.Hint == "" {
		return errors.New(info.Message)
	}
	return fmt.Errorf("%s: %s", info.Message, info.Hint)
}

// forwardPorts keeps the front's listeners those of the ports that containers publish.
func (s *session) forwardPorts(docker *client.Client) {
	s.onSettings("setting of bind", func(set app.Settings) {
		list := s.front.bindAll(set.Bind == app.BindAll)
		s.report("", func(snap *app.Snapshot) { snap.Ports = list })
	})
	watcher := ports.NewWatcher(ports.WatcherConfig{
		Docker: docker, Logger: s.log, Listed: s.front.named, HostSockets: s.hostSockets, HostAddr: netip.MustParseAddr(outbound.GuestAddr),
		Apply: func(rules []ports.Rule) {
			list := s.front.apply(rules)
			s.report("", func(snap *app.Snapshot) { snap.Ports = list })
		},
	})
	s.published = &published{front: s.front, watcher: watcher, docker: docker, log: s.log}
	s.task("published ports", watcher.Run)
}

// cardPatience is how long a connection through the guest's card may take before the tunnel is tried instead.
const cardPatience = 3 * time.Second

// dialContainer connects to a container: through the guest's network card, where the guest only forwards packets, and by
// the agent where that does not lead.
func (s *session) dialContainer(ctx context.Context, network, address string) (net.Conn, error) {
	if s.network != nil && network == "tcp" && !onLoopback(address) {
		direct, cancel := context.WithTimeout(ctx, cardPatience)
		conn, err := s.network.Dial(direct, network, address)
		cancel()
		if err == nil || errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil {
			return conn, err
		}
		s.log.Debug("connect through the guest's card", "address", address, "error", err)
	}
	return tunnel.Dial(ctx, s.link, network, address)
}

// mirrorLog copies a service's log to the host, where it outlives the VM.
func (s *session) mirrorLog(ctx context.Context, service string, out io.Writer) error {
	seen := &skipper{w: out}
	return again(ctx, func(ctx context.Context) error {
		seen.begin()
		return s.agent.Logs(ctx, service, true, seen)
	})
}

// skipper passes a log on but for what it has passed on before: after a broken link the guest begins anew with all that
// it has kept. When the guest's log was turned over meanwhile, some of it is lost here; the guest has it.
type skipper struct {
	w          io.Writer
	passed, at int64
}

func (s *skipper) begin() { s.at = 0 }

func (s *skipper) Write(b []byte) (int, error) {
	skip := min(max(s.passed-s.at, 0), int64(len(b)))
	s.at += int64(len(b))
	if s.at > s.passed {
		s.passed = s.at
	}
	if _, err := s.w.Write(b[skip:]); err != nil {
		return 0, err
	}
	return len(b), nil
}

// serviceOf is what the guest says of one of its services.
func serviceOf(st control.Status, name string) control.Service {
	for _, v := range st.Services {
		if v.Name == name {
			return v
		}
	}
	return control.Service{Name: name, State: control.ServiceWaiting}
}
