// Package pid1 is the guest's agent: the first process of the virtual machine that Wherry runs containers in.
//
// It mounts, loads modules, brings the network up, prepares the data disk, runs containerd and dockerd and starts them
// again when they end, serves the host over the link (it implements control.Guest), and powers the machine off. Nothing
// it waits for is polled. When the boot cannot go on, it says so in control.Status.Problem and goes on serving the link,
// so that logs, a shell and a rescue are at hand. docs/guest.md has the order of the boot.
//
// Run is called once, by process 1. All methods of control.Guest may be called concurrently. The parts that need no Linux
// (command line, logs, supervision, notifications, the look for a blank disk) build and are tested everywhere.
package pid1
