// Package qemu is the vmhost driver for QEMU 7.2 and newer. It owns QEMU's command line, its control protocol (QMP), the
// choice of an accelerator that really works, and the files in a machine's folder. It does not own what travels over the
// channels, and it installs nothing.
//
// A machine is one QEMU process in a session of its own that outlives this one. What is left in its folder is enough to
// take it over again: the PID file that QEMU keeps locked as long as it lives, the record of what it was made from
// (written before QEMU starts), and its sockets, which take a new client whenever the last one has gone. A lock file
// keeps two owners out of one folder; it is held by the process that owns the machine, so it says nothing about QEMU.
//
// A suspended machine is a file (vmhost/statefile) with the stream in which QEMU migrates machines, and a ticket in its
// folder. The stream goes through a socket and this process, so that it needs no other program, is the same on every
// system and has checksums. The ticket is removed before the processors run again, here or in another machine of that
// folder: a state is used at most once, also after a crash of the host, which may forget when disks were written.
//
// All methods of Driver and Machine may be called concurrently.
package qemu
