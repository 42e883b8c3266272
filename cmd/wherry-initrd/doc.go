//go:build linux

// Command wherry-initrd is the first program of the guest (linuxvm/pid1/initrd) and, under the name modprobe, the one that
// loads kernel modules on demand.
package main
