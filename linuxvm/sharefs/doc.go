// Package sharefs shares folders of the host with the guest: a FUSE filesystem in the guest (sharefs/guest) whose
// operations travel over link.PortFiles, in the protocol of sharefs/wire, to a file server in the daemon
// (sharefs/server). docs/sharing.md describes the protocol and what is kept, cached and told.
package sharefs
