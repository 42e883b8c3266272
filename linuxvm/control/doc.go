// Package control is how the host asks the guest's agent for things that are not streams: its state, its logs, the clock
// and a clean shutdown. It travels as gRPC over link.PortControl: lima's GuestService (github.com/lima-vm/lima/v2,
// pkg/guestagent/api) where that fits — Info, Events, SyncTime — and a service of our own for the rest.
//
// Guest is the contract; the agent implements it, Serve carries it, and Client is it again on the host.
package control
