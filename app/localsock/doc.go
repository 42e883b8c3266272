// Package localsock listens on and dials sockets of this machine that only their owner can use: unix sockets, or named
// pipes on Windows. Addresses come from app/home. Half-close works on both.
package localsock
