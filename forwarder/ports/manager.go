package ports

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config is what a Manager is made of.
type Config struct {
	// Dial connects to an address in the guest; the network is "tcp" or "udp". With "udp" each Write of the Conn is a
	// datagram, and each Read gets one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// UDPIdle is how long a client of a UDP port is remembered without a datagram either way, 90 s if it is 0.
	UDPIdle time.Duration
	// Patience is how long a Dial may take, 10 s if it is 0.
	Patience time.Duration
	// BindAll makes rules without an address listen on all of the host's, instead of on loopback only; Manager.BindAll
	// changes it.
	BindAll bool
	// Logger may be nil.
	Logger hclog.Logger
}

// Manager has the host's listeners.
type Manager struct {
	cfg Config

	mu       sync.Mutex
	closed   bool
	all      bool // Config.BindAll, or what BindAll said last
	forwards map[key]*forward
	order    []key    // of the last Apply
	late     []Status // of the last Apply, for rules whose port one of another container has
}

// NewManager makes a Manager without any rule.
func NewManager(c Config) *Manager {
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	if c.Patience == 0 {
		c.Patience = dialPatience
	}
	if c.UDPIdle == 0 {
		c.UDPIdle = udpIdle
	}
	c.Logger = c.Logger.Named("ports")
	return &Manager{cfg: c, all: c.BindAll, forwards: make(map[key]*forward)}
}

// Apply makes rules the set of published ports and says what became of each, in their order. Listeners of rules that
// stay are kept, and so are their connections, unless the target has changed; what is not in rules is closed and its
// connections are reset. Listeners that could not be opened before are tried again. Of rules for the same port the first
// counts, and those of other containers have an error. After Close it does nothing.
func (m *Manager) Apply(rules []Rule) []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	wanted := make(map[key]Rule, len(rules))
	m.order, m.late = m.order[:0], nil
	var late []Rule
	for _, r := range rules {
		k := r.key()
		switch first, ok := wanted[k]; {
		case !ok:
			wanted[k] = r
			m.order = append(m.order, k)
		case first.ContainerID != r.ContainerID:
			late = append(late, r)
		}
	}
	// What goes makes room first: a rule may want the address that another has left.
	for k, f := range m.forwards {
		if _, ok := wanted[k]; !ok {
			f.close()
			delete(m.forwards, k)
		}
	}
	for _, k := range m.order {
		f, ok := m.forwards[k]
		if !ok {
			f = newForward(m.cfg, wanted[k])
			f.others = func(b binding) string { return m.holder(f, b) }
			m.forwards[k] = f
		}
		f.update(wanted[k], m.all)
	}
	for _, r := range late {
		b := r.bindings(m.all)[0]
		m.late = append(m.late, Status{Rule: r, Err: &BindError{
			Proto: r.Proto, Addr: b.addr, Owner: containerOwner(wanted[r.key()]), Free: freeNear(b, r.Proto), Err: errTaken,
		}})
	}
	return m.status()
}

// BindAll says whether rules without an address listen on all of the host's from now on, or on loopback only, moves the
// listeners, and says what became of the rules. Connections that stand are kept.
func (m *Manager) BindAll(all bool) []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.all = all
	for _, k := range m.order {
		f := m.forwards[k]
		f.update(f.rule, all)
	}
	return m.status()
}

// Status says how the rules of the last Apply are now.
func (m *Manager) Status() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status()
}

func (m *Manager) status() []Status {
	all := make([]Status, 0, len(m.order))
	for _, k := range m.order {
		all = append(all, m.forwards[k].status())
	}
	return append(all, m.late...)
}

// holder names the container whose port prevents f from listening, if it is one of ours; m.mu is held.
func (m *Manager) holder(f *forward, b binding) string {
	for _, other := range m.forwards {
		if other == f {
			continue
		}
		for open := range other.open {
			if open.overlaps(b) {
				return containerOwner(other.rule)
			}
		}
	}
	return ""
}

func containerOwner(r Rule) string { return "container " + r.ContainerName }

// Failed is why not all ports of a container, given by name or (the beginning of) its ID, are published; nil if they are.
// Ports that were found do not count.
func (m *Manager) Failed(container string) error {
	var errs []error
	for _, st := range m.Status() {
		if st.Err != nil && !st.Rule.Found && st.Rule.of(container) {
			errs = append(errs, st.Err)
		}
	}
	return errors.Join(errs...)
}

// Allocated is the error for a port that a container wants and dockerd has given to another one; host is the address, any
// if it is not valid. It is nil if no other container's rule is for that port.
func (m *Manager) Allocated(container string, host netip.AddrPort) error {
	for _, st := range m.Status() {
		if st.Rule.HostPort != host.Port() || st.Rule.of(container) || st.Rule.Found {
			continue
		}
		r := Rule{Proto: st.Rule.Proto, HostPort: host.Port()}
		if !host.Addr().IsUnspecified() {
			r.HostIP = host.Addr()
		}
		b := r.bindings(false)[0]
		return &BindError{Proto: r.Proto, Addr: b.addr, Owner: containerOwner(st.Rule), Free: freeNear(b, r.Proto), Err: errTaken}
	}
	return nil
}

// Close closes all listeners, resets their connections and waits for them. It is idempotent.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for k, f := range m.forwards {
		f.close()
		delete(m.forwards, k)
	}
	m.order = nil
	return nil
}
