package engine

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/moby/moby/api/types/container"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/forwarder/names"
	"github.com/wherry-app/wherry/forwarder/ports"
	"github.com/wherry-app/wherry/linuxvm/tunnel"
)

// CADir is the folder of the authority that signs containers' names.
func CADir(h home.Dir) string { return filepath.Join(h.Root(), "ca") }

// naming is the part of an open front that answers containers' names.
type naming struct {
	table  names.Table
	server *names.Server
}

// newNaming makes the names' server as the settings say; nil if it is switched off.
func (f *front) newNaming(set app.Settings) *naming {
	if !set.Names {
		return nil
	}
	plain, secure := names.Ports()
	if n, err := strconv.ParseUint(set.NamesPort, 10, 16); err == nil {
		plain = []uint16{uint16(n)}
	}
	ca, err := names.OpenCA(CADir(f.e.cfg.Home))
	if err != nil {
		f.log.Warn("names have no https", "error", err)
	}
	n := &naming{}
	n.server = names.New(names.Config{Table: &n.table, Dial: f.dialNamed, Ports: plain, HTTPSPorts: secure, CA: ca, Logger: f.e.log})
	f.listenForNames(n, nil)
	return n
}

func (f *front) listenForNames(n *naming, avoid []uint16) {
	if err := n.server.Listen(avoid); err != nil {
		f.log.Warn("names", "error", err)
	}
}

// close closes the names' server; n may be nil.
func (n *naming) close() {
	if n != nil {
		_ = n.server.Close()
	}
}

// named makes containers those that have names.
func (f *front) named(containers []container.Summary, reachable map[string]bool) {
	if st := f.shop(); st != nil && st.naming != nil {
		st.naming.table.Set(names.Targets(containers, reachable))
	}
}

// yield gives ports up that rules want, and takes better ones that are free again.
func (st *stall) yield(f *front, rules []ports.Rule) {
	if st.naming == nil {
		return
	}
	var avoid []uint16
	for _, r := range rules {
		if r.Proto == "tcp" {
			avoid = append(avoid, r.HostPort)
		}
	}
	f.listenForNames(st.naming, avoid)
}

// namesState is how names are, as the user sees it.
func (f *front) namesState() *app.Names {
	st := f.shop()
	if st == nil || st.naming == nil {
		return nil
	}
	is := st.naming.server.Status()
	out := &app.Names{}
	if is.HTTP != 0 {
		out.HTTP = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(is.HTTP)))
	}
	if is.HTTPS != 0 {
		out.HTTPS = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(is.HTTPS)))
	}
	if is.Err != nil {
		out.Error, out.Hint = is.Err.Error(), "run `wherry settings set names_port PORT` with a port that is free, then `wherry restart`"
	}
	for _, n := range is.Names {
		out.Hosts = append(out.Hosts, app.HostName(n))
	}
	return out
}

// dialNamed connects to a container's port for a client of its name. The connection keeps the machine awake.
func (f *front) dialNamed(ctx context.Context, t names.Target, port uint16) (net.Conn, error) {
	release := f.hold()
	conn, err := f.dialTarget(ctx, t, port)
	if err != nil {
		release()
		return nil, err
	}
	return &heldConn{conn, release}, nil
}

func (f *front) dialTarget(ctx context.Context, t names.Target, port uint16) (net.Conn, error) {
	s, err := f.ready(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, containerPatience)
	defer cancel()
	addr := netip.AddrPortFrom(t.Addr, port).String()
	if slices.Contains(t.Published, port) && !t.Addr.IsLoopback() {
		return s.dialContainer(ctx, "tcp", addr)
	}
	return tunnel.Dial(ctx, s.link, "tcp", addr) // dockerd lets nobody in from outside
}

// heldConn is a connection that keeps the machine awake until it is closed.
type heldConn struct {
	net.Conn
	release func()
}

func (c *heldConn) Close() error {
	c.release()
	return c.Conn.Close()
}

// CloseWrite ends what the container gets.
func (c *heldConn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return c.Close()
}

// dialHost connects containers with the world, and with this host's loopback but for the names' ports: through those a
// container would reach others that are in none of its networks.
func (s *session) dialHost(ctx context.Context, network, address string) (net.Conn, error) {
	if to, err := netip.ParseAddrPort(address); err == nil && to.Addr().IsLoopback() {
		if st := s.front.shop(); st != nil && st.naming != nil && st.naming.server.Has(to.Port()) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}
