package ports

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Pauses before dockerd is asked again after it could not be reached, which double.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// eventsOverlap is how far back events are asked for: dockerd answers before it has subscribed us, and what happens in
// between must not be lost. An event too many only costs another list.
const eventsOverlap = 10 * time.Second

// Docker is what a Watcher needs of dockerd; a *client.Client has it.
type Docker interface {
	Events(ctx context.Context, options client.EventsListOptions) client.EventsResult
	ContainerList(ctx context.Context, options client.ContainerListOptions) (client.ContainerListResult, error)
	ContainerInspect(ctx context.Context, container string, options client.ContainerInspectOptions) (client.ContainerInspectResult, error)
	NetworkList(ctx context.Context, options client.NetworkListOptions) (client.NetworkListResult, error)
}

var _ Docker = (*client.Client)(nil)

// WatcherConfig is what a Watcher is made of.
type WatcherConfig struct {
	Docker Docker
	// Apply gets the whole set of rules, sorted, whenever it may have changed. It is called by one goroutine at a time.
	Apply func([]Rule)
	// Listed gets the running containers, and the IDs of the networks that the guest leads into, before Apply. Nil does
	// nothing.
	Listed func(containers []container.Summary, reachable map[string]bool)
	// HostSockets calls f with the sockets of containers on the guest's own network, now and after each change, until ctx
	// ends, f fails, or they cannot be told any more. Nil: such containers have no rules.
	HostSockets func(ctx context.Context, f func([]HostSocket) error) error
	// HostAddr is the guest's own address, as Dial takes it.
	HostAddr netip.Addr
	// Logger may be nil.
	Logger hclog.Logger
}

// Watcher follows dockerd's containers and says which ports they publish.
type Watcher struct {
	docker   Docker
	apply    func([]Rule)
	listed   func([]container.Summary, map[string]bool)
	log      hclog.Logger
	asks     chan chan<- error // of Refresh
	hosts    hostNet
	hostAddr netip.Addr
	changed  chan struct{} // one place: the containers have to be listed again

	asked map[string]network.PortMap // by container; only the goroutine of Run touches it
}

// NewWatcher makes a Watcher; nothing happens before Run.
func NewWatcher(c WatcherConfig) *Watcher {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	w := &Watcher{
		docker: c.Docker, apply: c.Apply, listed: c.Listed, log: log.Named("ports"), asks: make(chan chan<- error),
		hostAddr: c.HostAddr, changed: make(chan struct{}, 1), asked: make(map[string]network.PortMap),
	}
	w.hosts.watch, w.hosts.changed = c.HostSockets, w.poke
	return w
}

// Refresh returns when the containers as they are now have been applied, without waiting for dockerd's events. While
// dockerd cannot be reached it waits, until ctx ends.
func (w *Watcher) Refresh(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case w.asks <- done:
	case <-ctx.Done():
		return fmt.Errorf("refresh ports: %w", context.Cause(ctx))
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("refresh ports: %w", context.Cause(ctx))
	}
}

// Run follows dockerd until ctx ends, and then returns nil. While dockerd cannot be reached, the rules stay as they are;
// when it is back, they are made anew from all its containers.
func (w *Watcher) Run(ctx context.Context) error {
	pause := firstRetry
	for {
		listed, err := w.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if listed {
			pause = firstRetry
		}
		w.log.Debug("dockerd's events ended", "error", err, "pause", pause)
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
		pause = min(2*pause, lastRetry)
	}
}

// follow subscribes to events, lists the containers, and lists them again after events, until one of that fails. It
// tells whether they were listed at all. Events that come while it lists are answered by one more list.
func (w *Watcher) follow(ctx context.Context) (listed bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	sub := w.docker.Events(ctx, client.EventsListOptions{
		Since: strconv.FormatInt(time.Now().Add(-eventsOverlap).Unix(), 10),
		Filters: make(client.Filters).
			Add("type", string(events.ContainerEventType), string(events.NetworkEventType)).
			Add("event", string(events.ActionStart), string(events.ActionDie), string(events.ActionRename),
				string(events.ActionConnect), string(events.ActionDisconnect)),
	})
	ended := make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer w.hosts.end()
	defer cancel()
	wg.Go(func() {
		for {
			select {
			case <-sub.Messages:
				w.poke()
			case err := <-sub.Err:
				ended <- err
				return
			}
		}
	})
	var asked chan<- error // nil if nobody did
	for {
		rules, err := w.list(ctx)
		if err == nil {
			listed = true
			w.apply(rules)
		}
		if asked != nil {
			asked <- err
			asked = nil
		}
		if err != nil {
			return listed, err
		}
		select {
		case <-w.changed:
		case asked = <-w.asks:
		case err := <-ended:
			return listed, fmt.Errorf("read docker's events: %w", err)
		}
	}
}

// poke makes the containers be listed again.
func (w *Watcher) poke() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// list makes the rules of all running containers.
func (w *Watcher) list(ctx context.Context) ([]Rule, error) {
	containers, err := w.docker.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	networks, err := w.docker.NetworkList(ctx, client.NetworkListOptions{
		Filters: make(client.Filters).Add("driver", "bridge"),
	})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	reachable := make(map[string]bool)
	for _, n := range networks.Items {
		reachable[n.ID] = !n.Internal // dockerd publishes nothing there, and lets nobody in
	}
	if w.listed != nil {
		w.listed(containers.Items, reachable)
	}
	w.ask(ctx, containers.Items)
	w.hosts.want(ctx, slices.ContainsFunc(containers.Items, func(c container.Summary) bool { return c.HostConfig.NetworkMode == "host" }))
	return facts{
		containers: containers.Items, reachable: reachable, asked: w.asked, sockets: w.hosts.get(), hostAddr: w.hostAddr,
	}.rules(), nil
}

// ask learns what containers were asked to publish, of those of which the list does not say enough. It never changes while
// a container lives.
func (w *Watcher) ask(ctx context.Context, containers []container.Summary) {
	asked := make(map[string]network.PortMap)
	for _, c := range containers {
		unclear := slices.ContainsFunc(c.Ports, func(p container.PortSummary) bool {
			return p.PublicPort == 0 || !p.IP.IsValid() || p.IP.IsUnspecified()
		})
		if !unclear {
			continue
		}
		known, ok := w.asked[c.ID]
		if !ok {
			info, err := w.docker.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
			if err != nil || info.Container.HostConfig == nil {
				w.log.Debug("inspect", "container", c.ID, "error", err) // it has ended; or the next list asks again
				continue
			}
			known = info.Container.HostConfig.PortBindings
		}
		asked[c.ID] = known
	}
	w.asked = asked
}
