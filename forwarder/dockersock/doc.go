// Package dockersock publishes dockerd's API on a listener of the host. Each connection becomes a stream to dockerd, on which
// bytes pass as they are: attach, exec, BuildKit's h2c, half-closes. On the way it reads where HTTP/1 messages begin and
// end, which lets it look at requests that create containers, volumes and services (Config.Create, Volume and Service; Binds
// is what they are in Wherry), and hold the reply to those that start a container until what belongs to that is done
// (Config.Started). Behind an upgrade, and in what it does not understand, it reads nothing.
//
// It owns the listener it is given and the connections, not where they lead. Proxy.Run is called once.
package dockersock
