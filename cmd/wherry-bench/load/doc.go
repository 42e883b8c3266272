// Package load puts load on TCP connections and measures what they bear: bytes per second both ways, the latency of one
// byte, new connections per second. Serve is the far end, which runs where the connections lead to; everything else is
// the near end. It knows neither docker nor Wherry. All functions may be called concurrently; measurements that overlap
// disturb each other.
package load
