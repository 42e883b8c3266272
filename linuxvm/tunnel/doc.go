// Package tunnel reaches addresses inside the guest from the host, over link.PortTunnel: Dial on the host, Handler in the
// guest. One stream is one TCP connection or one UDP association; a refused connection is refused on the host too, and
// datagrams keep their boundaries.
//
// A stream begins with the host's request (version, network, address) and the guest's status, one round trip. Then the
// stream is the TCP connection itself, with half-close and reset; or it carries datagrams, each behind its length as 2
// bytes, big-endian. Everything here may be used from any goroutine.
package tunnel
