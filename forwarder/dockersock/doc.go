// Package dockersock publishes dockerd's API on a listener of the host: each connection becomes a stream to dockerd, byte
// by byte, so that attach, exec and BuildKit's h2c pass untouched, half-closes included.
//
// It owns the listener it is given and the connections, not where they lead. Proxy.Run is called once.
package dockersock
