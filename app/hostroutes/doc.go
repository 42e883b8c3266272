// Package hostroutes reads which IPv4 networks this host has routes to, and chooses those of the guest and of docker's
// bridges out of their way: a container reaches what the host does only if no network of its own has the same addresses.
// Choose is pure; Read only reads.
package hostroutes
