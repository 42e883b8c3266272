package dockersock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	// dialPatience is how long a client waits for a dockerd that cannot be reached, before it is hung up on.
	dialPatience = 5 * time.Second
	// Pauses after an accept that failed, for example for lack of file descriptors.
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// Config is what a Proxy is made of.
type Config struct {
	// Listener accepts the clients. Run closes it.
	Listener net.Listener
	// Enter is called with a client's first request (nil if what the client says is none), before Dial. It may wait as
	// long as it wants; its ctx ends with Run's. An error is what the client is told, as for Create. Nil lets everybody in
	// at once.
	Enter func(ctx context.Context, first *http.Request) (*Visit, error)
	// Dial opens a stream to dockerd. It may wait; its ctx ends after a few seconds.
	Dial func(ctx context.Context) (net.Conn, error)
	// Create gets the body of each request to create a container, and returns the body that dockerd gets, or an error that
	// the client gets instead; it has a StatusCode method where it is not to be 500. Nil changes nothing.
	Create Edit
	// Volume and Service are the same for requests to create volumes, and to create and update services of a swarm.
	Volume, Service Edit
	// Build may change the query of each request to build an image. Nil changes nothing.
	Build func(query url.Values)
	// Started is called when dockerd has started a container, before its client is told, with the name or ID that the
	// client used. An error is what the client is told instead. Nil does nothing.
	Started func(ctx context.Context, container string) error
	// Refused is called when dockerd could not start a container, with the name or ID that the client used and dockerd's
	// message; the client is told what it returns. Nil changes nothing.
	Refused func(ctx context.Context, container, message string) string
	// Record is told each call and how it was answered, as far as connections can be read; it must not block. Nil does
	// nothing.
	Record func(Call)
	// Logger may be nil.
	Logger hclog.Logger
}

// Edit gets the body of a request and returns the one that dockerd gets, or an error that the client gets instead.
type Edit func(ctx context.Context, body []byte) ([]byte, error)

// edits are a Config's.
type edits struct {
	container, volume, service Edit
	build                      func(url.Values)
}

// Proxy connects clients to dockerd.
type Proxy struct {
	listener net.Listener
	enter    func(ctx context.Context, first *http.Request) (*Visit, error)
	dial     func(ctx context.Context) (net.Conn, error)
	edits    edits
	started  func(ctx context.Context, container string) error
	refused  func(ctx context.Context, container, message string) string
	record   func(Call)
	log      hclog.Logger
}

// New makes a Proxy; nothing is accepted before Run.
func New(c Config) *Proxy {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Proxy{listener: c.Listener, enter: c.Enter, dial: c.Dial, edits: edits{c.Create, c.Volume, c.Service, c.Build}, started: c.Started, refused: c.Refused, record: c.Record, log: log.Named("dockersock")}
}

// Run serves clients until ctx ends. Then it closes the listener and all connections, waits for them, and returns nil; it
// returns an error when the listener breaks for good.
func (p *Proxy) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer p.listener.Close()
	stop := context.AfterFunc(ctx, func() { p.listener.Close() })
	defer stop()

	pause := firstPause
	for {
		client, err := p.listener.Accept()
		switch {
		case err == nil:
			pause = firstPause
			wg.Go(func() { p.connect(ctx, client) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept docker client: %w", err)
		default:
			p.log.Warn("accept docker client", "error", err, "pause", pause)
			sleep(ctx, pause)
			pause = min(2*pause, lastPause)
		}
	}
}

// connect serves one client.
func (p *Proxy) connect(ctx context.Context, client net.Conn) {
	r := bufio.NewReaderSize(client, headMax)
	visit, err := p.admit(ctx, client, r)
	if err != nil {
		client.Close()
		p.log.Debug("client is not let in", "error", err)
		return
	}
	if visit.Leave != nil {
		defer visit.Leave()
	}
	dctx, cancel := context.WithTimeout(ctx, dialPatience)
	dockerd, err := p.dial(dctx)
	cancel()
	if err != nil {
		client.Close()
		if ctx.Err() == nil {
			p.log.Warn("connect client to dockerd", "error", err)
		}
		return
	}
	if err := p.converse(ctx, client, r, dockerd, visit.Asked); err != nil && ctx.Err() == nil {
		p.log.Debug("docker connection broke", "error", err)
	}
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
