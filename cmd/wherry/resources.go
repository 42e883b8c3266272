package main

import (
	"fmt"
	"io"

	"github.com/wherry-app/wherry/app"
)

// printResources writes what a VM takes inside and of the host, as rows of a table.
func printResources(w io.Writer, vm app.VM) {
	fmt.Fprintf(w, "Memory\t%s used, %s cache, of %s", app.HumanSize(vm.MemoryUsedBytes), app.HumanSize(vm.MemoryCacheBytes), app.HumanSize(vm.MemoryBytes))
	if vm.MemoryHostBytes > 0 {
		fmt.Fprintf(w, "; %s of the host's", app.HumanSize(vm.MemoryHostBytes))
	}
	fmt.Fprintln(w)
	for _, c := range vm.Containers {
		fmt.Fprintf(w, "\t%s: %s, %s of it cache\n", c.Name, app.HumanSize(c.Bytes), app.HumanSize(c.CacheBytes))
	}
	fmt.Fprintf(w, "Disk\t%s used of %s", app.HumanSize(vm.DiskUsedBytes), app.HumanSize(vm.DiskBytes))
	if vm.DiskHostBytes > 0 {
		fmt.Fprintf(w, "; %s of the host's", app.HumanSize(vm.DiskHostBytes))
	}
	fmt.Fprintln(w)
}
