//go:build linux

package main

import (
	"os"
	"path/filepath"

	"github.com/wherry-app/wherry/linuxvm/pid1/initrd"
	"github.com/wherry-app/wherry/linuxvm/pid1/kmod"
)

func main() {
	if filepath.Base(os.Args[0]) == "modprobe" {
		os.Exit(modprobe(os.Args[1:]))
	}
	err := initrd.Run()
	os.Stderr.WriteString("wherry-initrd: " + err.Error() + "\n")
	os.Exit(1) // of the first process: the kernel panics, and the virtual machine ends
}

func modprobe(args []string) int {
	r := kmod.ParseRequest(args)
	if err := r.Do(); err != nil {
		if !r.Quiet {
			os.Stderr.WriteString("modprobe: " + err.Error() + "\n")
		}
		return 1
	}
	return 0
}
