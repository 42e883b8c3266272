// Package outbound is the other end of the guest's network card: a user-space network stack (gVisor's, as
// gvisor-tap-vsock uses it) that answers the guest's frames and makes its connections from sockets of the host. So the
// host's VPN, proxy, firewall and resolver just apply, nothing needs privileges, and refused means refused.
//
// On the guest's network there is the gateway, which has DNS and the Services that its owner gives it; and the host's alias, whose ports are
// those of the host's loopback. Other addresses of the network, link-local ones (a cloud's metadata) and multicast are
// refused; all others lead out. Only IPv4 is spoken.
//
// Network.Dial is the way in: a connection from the gateway to a container's address, whose packets the guest forwards.
//
// A Network may serve any number of connections, each with a stack of its own that ends with it.
package outbound
