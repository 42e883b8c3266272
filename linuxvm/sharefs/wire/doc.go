// Package wire is the protocol between the guest's filesystem and the host's file server: frames with fixed headers in
// little-endian order, described in docs/sharing.md. The guest sends requests, the host answers them in any order and
// sends notices of its own. It does no I/O but to read and write frames, and knows no operating system: error numbers,
// modes and open flags are those of Linux.
package wire
