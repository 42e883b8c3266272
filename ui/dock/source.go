package dock

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/model"
)

// Config is what a Source needs.
type Config struct {
	// Publish gets the lists whenever they changed. It must not block; calls do not overlap. The lists must not be
	// changed.
	Publish func(model.Lists)
	// StatsEvery is the time between two readings of figures; 3 s if zero.
	StatsEvery time.Duration
	// DockerConfig is the folder of docker's settings, with the logins; empty for the user's own.
	DockerConfig string
	// Log may be nil.
	Log hclog.Logger
}

// Source is docker as the window sees it.
type Source struct {
	cfg Config

	mu     sync.Mutex
	socket string
	moved  chan struct{} // closed and replaced when socket changes
	cli    *client.Client
	watch  []string
	prod   chan struct{} // asks for a reading of figures now
	every  time.Duration // between two readings of figures; 0 for none
	sizes  map[string]int64

	pubMu sync.Mutex
	lists model.Lists
}

const (
	settle    = 15 * time.Millisecond // events within it cause one listing
	retryFast = 200 * time.Millisecond
	retrySlow = 3 * time.Second
)

// New makes a Source. It does nothing before Run.
func New(cfg Config) *Source {
	if cfg.StatsEvery == 0 {
		cfg.StatsEvery = 3 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = hclog.NewNullLogger()
	}
	return &Source{cfg: cfg, moved: make(chan struct{}), prod: make(chan struct{}, 1), every: cfg.StatsEvery, sizes: map[string]int64{}}
}

// Connect says where docker answers, as a DOCKER_HOST value, or with "" that it does not now.
func (s *Source) Connect(socket string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if socket == s.socket {
		return
	}
	s.socket = socket
	close(s.moved)
	s.moved = make(chan struct{})
}

// Watch names the containers whose figures are wanted from now on.
func (s *Source) Watch(ids []string) {
	s.mu.Lock()
	s.watch = ids
	s.mu.Unlock()
	select {
	case s.prod <- struct{}{}:
	default:
	}
}

// Pace changes the time between two readings of figures, beginning with one now; 0 stops them.
func (s *Source) Pace(every time.Duration) {
	s.mu.Lock()
	changed := s.every != every
	s.every = every
	s.mu.Unlock()
	if changed {
		select {
		case s.prod <- struct{}{}:
		default:
		}
	}
}

// Paces are the usual time between two readings and the one for a window that nobody uses now.
func (s *Source) Paces() (usual, seldom time.Duration) { return s.cfg.StatsEvery, 4 * s.cfg.StatsEvery }

func (s *Source) target() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket, s.moved
}

// Run keeps the lists fresh until ctx ends.
func (s *Source) Run(ctx context.Context) {
	wait := retryFast
	for ctx.Err() == nil {
		socket, moved := s.target()
		if socket == "" {
			s.publish(func(l *model.Lists) { *l = model.Lists{} })
			select {
			case <-moved:
			case <-ctx.Done():
			}
			wait = retryFast
			continue
		}
		began := time.Now()
		err := s.follow(ctx, socket, moved)
		if ctx.Err() != nil || err == nil {
			continue
		}
		s.cfg.Log.Debug("docker connection lost", "error", err)
		s.publish(func(l *model.Lists) { *l = model.Lists{Err: app.InfoOf(err)} })
		if time.Since(began) > retrySlow {
			wait = retryFast
		}
		select {
		case <-moved:
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(wait*2, retrySlow)
	}
}

// follow lists everything and then what events say. It returns nil when the target moved.
func (s *Source) follow(ctx context.Context, socket string, moved <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cli, err := client.New(client.WithHost(socket), client.WithUserAgent("wherry-desktop"))
	if err != nil {
		return fmt.Errorf("open docker at %s: %w", socket, err)
	}
	s.setClient(cli)
	var wg sync.WaitGroup
	defer func() {
		s.setClient(nil)
		cancel()
		wg.Wait()
		_ = cli.Close()
	}()

	ev := cli.Events(ctx, client.EventsListOptions{})
	fresh, err := list(ctx, cli, all)
	if err != nil {
		return err
	}
	s.publish(func(l *model.Lists) { *l = model.Lists{Ready: true}; fresh(l); s.fillSizes(l) })
	wg.Go(func() { s.readStats(ctx, cli) })

	var dirty kind
	var timer <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
			return nil
		case err := <-ev.Err:
			return fmt.Errorf("read docker's events: %w", err)
		case m := <-ev.Messages:
			if k := kindOf(m); k != 0 {
				dirty |= k
				if timer == nil {
					timer = time.After(settle)
				}
			}
		case <-timer:
			timer = nil
			began := time.Now()
			fresh, err := list(ctx, cli, dirty)
			if err != nil {
				return err
			}
			dirty = 0
			s.publish(func(l *model.Lists) { fresh(l); s.fillSizes(l) })
			if took := time.Since(began); took > 100*time.Millisecond { // many objects: do not list all the time
				select {
				case <-time.After(min(took, time.Second)):
				case <-ctx.Done():
				case <-moved:
				}
			}
		}
	}
}

func (s *Source) setClient(c *client.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cli = c
}

// publish changes the lists and hands a copy out.
func (s *Source) publish(change func(*model.Lists)) {
	s.pubMu.Lock()
	defer s.pubMu.Unlock()
	change(&s.lists)
	s.cfg.Publish(s.lists)
}

// kind is a set of object kinds.
type kind uint8

const (
	containers kind = 1 << iota
	images
	volumes
	networks
	all = containers | images | volumes | networks
)

// kindOf says what to list again after an event; nothing for those that change no list, such as health checks' execs.
func kindOf(m events.Message) kind {
	switch m.Type {
	case events.ContainerEventType:
		a := string(m.Action)
		for _, quiet := range []string{"exec_", "top", "attach", "detach", "resize", "archive-path", "extract-to-dir", "export"} {
			if strings.HasPrefix(a, quiet) {
				return 0
			}
		}
		return containers
	case events.ImageEventType:
		return images | containers
	case events.VolumeEventType:
		if m.Action == events.ActionMount || m.Action == events.ActionUnmount {
			return containers
		}
		return volumes
	case events.NetworkEventType:
		if m.Action == events.ActionConnect || m.Action == events.ActionDisconnect {
			return containers
		}
		return networks
	}
	return 0
}

// list reads the lists of kind k and returns what puts them in place.
func list(ctx context.Context, cli *client.Client, k kind) (func(*model.Lists), error) {
	var steps []func(*model.Lists)
	if k&containers != 0 {
		r, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true})
		if err != nil {
			return nil, fmt.Errorf("list containers: %w", err)
		}
		items := slices.DeleteFunc(r.Items, func(c container.Summary) bool { return c.Labels[copyLabel] != "" })
		cs := convert(items, containerOf)
		steps = append(steps, func(l *model.Lists) { l.Containers = cs; l.Stats = keepStats(l.Stats, cs) })
	}
	if k&images != 0 {
		r, err := cli.ImageList(ctx, client.ImageListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list images: %w", err)
		}
		is := convert(r.Items, imageOf)
		steps = append(steps, func(l *model.Lists) { l.Images = is })
	}
	if k&volumes != 0 {
		r, err := cli.VolumeList(ctx, client.VolumeListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list volumes: %w", err)
		}
		vs := convert(r.Items, volumeOf)
		steps = append(steps, func(l *model.Lists) { l.Volumes = vs })
	}
	if k&networks != 0 {
		r, err := cli.NetworkList(ctx, client.NetworkListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list networks: %w", err)
		}
		ns := convert(r.Items, networkOf)
		steps = append(steps, func(l *model.Lists) { l.Networks = ns })
	}
	return func(l *model.Lists) {
		for _, f := range steps {
			f(l)
		}
	}, nil
}
