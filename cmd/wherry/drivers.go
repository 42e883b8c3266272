package main

import (
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/qemu"
)

// qemuEnv names a QEMU program to use instead of the installed one.
const qemuEnv = "WHERRY_QEMU"

// newDrivers are the hypervisors of this build, the preferred one first. cache is a folder for what they find out about
// the host.
func newDrivers(cache string, log hclog.Logger) []vmhost.Driver {
	cacheFile := ""
	if cache != "" {
		cacheFile = filepath.Join(cache, "qemu.json")
	}
	return []vmhost.Driver{qemu.New(qemu.Config{Binary: os.Getenv(qemuEnv), CacheFile: cacheFile, Logger: log})}
}
