//go:build linux

// Command wherry-guest is the guest's agent, process 1 of the virtual machine: see linuxvm/pid1.
package main
