package ports

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// HostSocket is one on which a container on the guest's own network (docker's "host") waits for clients.
type HostSocket struct {
	// Proto is "tcp" or "udp".
	Proto string
	// Addr is what it is bound to in the guest.
	Addr        netip.AddrPort
	ContainerID string
}

const (
	// firstSockets is how long a list of containers waits for the first word of their sockets.
	firstSockets = 2 * time.Second
	socketsRetry = time.Second
)

// hostNet knows the sockets of containers on the guest's own network, while there are such containers.
type hostNet struct {
	watch   func(ctx context.Context, f func([]HostSocket) error) error
	changed func()

	stop func() // nil while nobody watches

	mu      sync.Mutex
	sockets []HostSocket
}

// want says whether there are such containers. The first time it waits for what their sockets are, for a while.
func (h *hostNet) want(ctx context.Context, any bool) {
	switch {
	case h.watch == nil:
	case !any && h.stop != nil:
		h.end()
		h.set(nil)
	case any && h.stop == nil:
		ctx, cancel := context.WithCancel(ctx)
		first, ended := make(chan struct{}), make(chan struct{})
		h.stop = func() { cancel(); <-ended }
		go func() {
			defer close(ended)
			h.follow(ctx, sync.OnceFunc(func() { close(first) }))
		}()
		patience := time.NewTimer(firstSockets)
		defer patience.Stop()
		select {
		case <-first:
		case <-patience.C:
		case <-ctx.Done():
		}
	}
}

// end stops watching; what was known stays.
func (h *hostNet) end() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

// follow watches until ctx ends, or the guest cannot tell. first is called when something is known, or nothing will be.
func (h *hostNet) follow(ctx context.Context, first func()) {
	defer first()
	for {
		err := h.watch(ctx, func(sockets []HostSocket) error {
			h.set(sockets)
			first()
			h.changed()
			return nil
		})
		if ctx.Err() != nil || errors.Is(err, errors.ErrUnsupported) {
			return
		}
		pause := time.NewTimer(socketsRetry)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}

func (h *hostNet) set(s []HostSocket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets = s
}

func (h *hostNet) get() []HostSocket {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sockets
}
