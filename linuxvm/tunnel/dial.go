package tunnel

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// Dial connects to an address as the guest sees it. The network is "tcp" or "udp", the address a host and port. It waits
// for the link while that reconnects, and for the guest's answer, until ctx ends.
//
// With "udp" each Write of the Conn is one datagram of at most MaxDatagram bytes, and each Read gets one, cut off if it
// does not fit. Errors are *net.OpError; see ErrRefused and its siblings.
func Dial(ctx context.Context, d link.Dialer, network, address string) (link.Conn, error) {
	req, err := request{network, address}.append(nil)
	if err != nil {
		return nil, opError(network, address, err)
	}
	conn, err := d.Dial(ctx, link.PortTunnel)
	if err != nil {
		return nil, err
	}
	if err := ask(ctx, conn, req); err != nil {
		_ = conn.Reset()
		return nil, opError(network, address, err)
	}
	if network == "udp" {
		return newPacketConn(conn), nil
	}
	return conn, nil
}

// ask sends the request and reads the answer.
func ask(ctx context.Context, conn link.Conn, req []byte) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	_, err := conn.Write(req)
	if err == nil {
		err = readReply(conn)
	}
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

func opError(network, address string, err error) error {
	return &net.OpError{Op: "dial", Net: network, Addr: Addr{network, address}, Err: fmt.Errorf("in the guest: %w", err)}
}

// Addr is an address in the guest.
type Addr struct{ network, address string }

// Network is "tcp" or "udp".
func (a Addr) Network() string { return a.network }

func (a Addr) String() string { return a.address }
