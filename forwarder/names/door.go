package names

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
)

// door is the listeners on one port of the loopback.
type door struct {
	port      uint16
	listeners []net.Listener
}

// move opens the first of ports that can be had, but for those in avoid, and closes what was open if that is another one.
func (d *door) move(ports, avoid []uint16, serve func(net.Listener)) error {
	var first error
	for _, p := range ports {
		if slices.Contains(avoid, p) {
			if first == nil {
				first = fmt.Errorf("port %d is a container's", p)
			}
			continue
		}
		if p == d.port {
			return nil
		}
		list, err := listen(p)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		d.close()
		d.port, d.listeners = p, list
		for _, l := range list {
			serve(l)
		}
		return nil
	}
	d.close()
	if first == nil {
		first = errors.New("no port to listen on")
	}
	return fmt.Errorf("listen for names: %w", first)
}

// listen listens on both loopbacks; a host without IPv6 has only one.
func listen(port uint16) ([]net.Listener, error) {
	l4, err := net.Listen("tcp4", address(port))
	if err != nil {
		return nil, err
	}
	list := []net.Listener{l4}
	if l6, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(int(port)))); err == nil {
		list = append(list, l6)
	}
	return list, nil
}

func (d *door) close() {
	for _, l := range d.listeners {
		_ = l.Close()
	}
	d.port, d.listeners = 0, nil
}

func newTLSConfig(ca *CA) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ca.certificate}
}
