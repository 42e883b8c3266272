// Package home is the state directory: where Wherry keeps settings, disks, sockets and logs (docs/state.md lists every
// file), and the one lock that decides who owns them.
//
// The lock is the truth about whether a daemon lives; the PID in daemon.pid only informs. A Dir is a plain value and may
// be used concurrently; nothing is created before Prepare.
package home
