// Package ports publishes containers' ports on the host. A Watcher turns what dockerd says into the desired set of Rules;
// a Manager makes the host's listeners be that set, and nothing else. Connections lead through an injected Dial.
//
// It owns the host's listeners and the connections they accept, not the way into the guest. What containers on the guest's
// own network listen on is found, not published: an injected HostSockets tells. All methods may be called concurrently.
package ports
