// Package tunnel reaches addresses inside the guest from the host, over link.PortTunnel: Dial on the host, Serve in the
// guest. One stream is one TCP connection or one UDP association; a refused connection is refused on the host too.
package tunnel
