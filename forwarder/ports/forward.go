package ports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// dialPatience is how long a client waits for its connection to the container, unless Config says otherwise.
const dialPatience = 10 * time.Second

// forward is one published port. Its methods but status are called by one goroutine at a time.
type forward struct {
	cfg  Config
	log  hclog.Logger
	wg   sync.WaitGroup
	open map[binding]io.Closer
	// others names the container among those published whose port is in the way of a binding, if one is.
	others func(binding) string
	// life is that of the clients; done ends it.
	life context.Context //nolint:containedctx // the forward is the owner of this lifetime
	done context.CancelFunc

	in, out atomic.Int64

	mu    sync.Mutex
	rule  Rule
	err   error
	addr  string
	conns map[*peer]struct{}
}

// peer is a client of a published port.
type peer struct{ cancel context.CancelFunc }

func newForward(c Config, r Rule) *forward {
	f := &forward{
		cfg: c, log: c.Logger.With("port", r.HostPort, "proto", r.Proto),
		open: make(map[binding]io.Closer), rule: r, conns: make(map[*peer]struct{}),
	}
	f.life, f.done = context.WithCancel(context.Background())
	return f
}

// update makes r, whose key is that of the present rule, the rule. It closes the listeners that are not wanted any more, and
// opens those that are not open.
func (f *forward) update(r Rule, all bool) {
	f.mu.Lock()
	if f.rule.Target != r.Target || f.rule.ContainerID != r.ContainerID {
		f.hangUp()
	}
	f.rule = r
	f.mu.Unlock()

	var failed error
	addr := ""
	wanted := r.bindings(all)
	for b, l := range f.open {
		if !slices.Contains(wanted, b) {
			l.Close()
			delete(f.open, b)
		}
	}
	for _, b := range wanted {
		l, err := f.listen(b)
		switch {
		case err == nil && addr == "":
			addr = l
		case err != nil && b.optional:
			f.log.Debug("listen", "address", b.addr, "error", err)
		case err != nil:
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil && f.status().Err == nil {
		f.log.Warn("port is not published", "rule", r, "error", failed)
	}
	f.mu.Lock()
	f.addr, f.err = addr, failed
	f.mu.Unlock()
}

// listen opens the listener of b unless it is open, and returns where that is.
func (f *forward) listen(b binding) (string, error) {
	if _, ok := f.open[b]; ok {
		return b.addr.String(), nil
	}
	var serve func()
	switch f.rule.Proto {
	case "tcp":
		l, err := net.Listen(b.network, b.addr.String())
		if err != nil {
			return "", f.bindError(b, err)
		}
		f.open[b] = l
		serve = func() { f.serveTCP(l) }
	case "udp":
		c, err := net.ListenPacket(b.network, b.addr.String())
		if err != nil {
			return "", f.bindError(b, err)
		}
		f.open[b] = c
		serve = func() { f.serveUDP(c) }
	default:
		return "", fmt.Errorf("publish port: %w", net.UnknownNetworkError(f.rule.Proto))
	}
	f.wg.Go(serve)
	return b.addr.String(), nil
}

// bindError says why b cannot be listened on.
func (f *forward) bindError(b binding, err error) error {
	proto := f.rule.Proto
	e := &BindError{Proto: proto, Addr: b.addr, Err: err}
	if !inUse(err) {
		return e
	}
	e.Free = freeNear(b, proto)
	if e.Owner = f.others(b); e.Owner == "" {
		e.Owner, e.Reserved = ownerOf(proto, b.addr)
	}
	return e
}

// close closes the listeners, hangs up on the clients, and waits for that.
func (f *forward) close() {
	f.done()
	for _, l := range f.open {
		l.Close()
	}
	f.wg.Wait()
}

// hangUp hangs up on all clients; f.mu is held.
func (f *forward) hangUp() {
	for p := range f.conns {
		p.cancel()
	}
}

// enter registers a client. It returns where to connect it, a context that ends when it has to go, and what to call
// when it has gone.
func (f *forward) enter(parent context.Context) (ctx context.Context, target string, leave func()) {
	ctx, cancel := context.WithCancel(parent)
	p := &peer{cancel}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[p] = struct{}{}
	return ctx, f.rule.Target.String(), func() {
		cancel()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.conns, p)
	}
}

func (f *forward) status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Status{
		Rule: f.rule, Addr: f.addr, Err: f.err,
		BytesIn: f.in.Load(), BytesOut: f.out.Load(), Conns: len(f.conns),
	}
}
