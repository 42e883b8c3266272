// Package linuxvm is the Linux guest, seen from both sides: its image (linuxvm/image), the stream link into it
// (linuxvm/link) with the protocols spoken on it (linuxvm/control, linuxvm/tunnel), and the agent inside it that is
// PID 1 (linuxvm/pid1).
//
// It knows nothing of hypervisors: the host side is given a byte stream and makes many out of it.
package linuxvm
