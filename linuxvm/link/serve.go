package link

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// ServeConfig is what Serve needs.
type ServeConfig struct {
	// Open opens the byte stream to the host; Serve closes what it gets before it opens again. It may wait for the host,
	// but need not: Serve tries again, after pauses, as long as the stream only ends.
	Open func(ctx context.Context) (io.ReadWriteCloser, error)
	// Handlers has what to do with a stream, by port. A handler has a goroutine of its own and owns the stream, which
	// Serve closes when it returns; its ctx ends with the session.
	Handlers map[Port]func(ctx context.Context, c Conn)
	// Logger may be nil.
	Logger hclog.Logger
}

// Serve is the guest's side of the link: it answers the host's handshakes, one session after the other, and hands each
// stream to the handler of its port. It returns nil when ctx has ended and all handlers have returned.
func Serve(ctx context.Context, c ServeConfig) error {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	log = log.Named("link")
	var (
		wg sync.WaitGroup // of all handlers: a slow one must not hold up the next session
		b  backoff
	)
	defer wg.Wait()
	for ctx.Err() == nil {
		err := serveSession(ctx, c, log, &b, &wg)
		if ctx.Err() != nil {
			break
		}
		log.Debug("link is down", "error", err)
		b.wait(ctx)
	}
	return nil
}

// serveSession waits for a host and serves it until it goes.
func serveSession(ctx context.Context, c ServeConfig, log hclog.Logger, b *backoff, wg *sync.WaitGroup) error {
	rwc, err := c.Open(ctx)
	if err != nil {
		return fmt.Errorf("open stream to host: %w", err)
	}
	t := newTransport(rwc)
	if err := shakeHands(ctx, t, answer); err != nil {
		return err
	}
	s, err := newSession(t, false, log)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unwatch := context.AfterFunc(ctx, func() { _ = s.mux.Close() })
	defer unwatch()
	b.reset()
	log.Debug("link is up")

	return why(s.serve(func(p Port) (func(Conn), bool) {
		h, ok := c.Handlers[p]
		if !ok {
			log.Warn("stream to unknown port", "port", int(p))
		}
		return func(conn Conn) {
			defer conn.Close()
			h(ctx, conn)
		}, ok
	}, wg))
}
