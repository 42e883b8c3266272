// Package webproxy is an HTTP proxy (CONNECT, and requests for http URLs) for the guest: dockerd, and where the user wants
// it builds and containers, are told of it once and for all. Each request then goes the way that the host's settings say
// at that moment: to the host's own proxy, or directly. So a proxy that is changed, comes with a VPN or listens on the
// host's loopback needs no word to the guest.
//
// It owns the connections that it is given. Proxy.Serve may be called any number of times, concurrently.
package webproxy
