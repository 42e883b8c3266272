// Package link turns one byte stream between host and guest into many: the host dials a Port, the guest serves it.
//
// The byte stream is a virtio-serial port or a vsock connection; it may carry stale bytes of an earlier host, so both
// sides first find each other with a handshake. On it runs yamux (github.com/libp2p/go-yamux, which has the half-close
// and reset that hashicorp's lacks). Streams keep TCP's manners: half-close both ways, reset, back-pressure per stream.
//
// Client (host) and Serve (guest) may be used from any goroutine. The package does not know what is spoken on a Port.
package link
