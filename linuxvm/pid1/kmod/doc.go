// Package kmod knows the guest's kernel modules: what each needs, which names lead to it, in which order to load them.
//
// The image's builder makes an Index from the modules it ships, so that the guest needs neither depmod nor a modprobe
// that searches: the initrd's first program, the agent and /sbin/modprobe all read the same small text file. Modules are
// stored decompressed. An Index is a value that nobody changes after it is made; it may be used concurrently. The
// package imports little, since the initrd's program does too.
package kmod
