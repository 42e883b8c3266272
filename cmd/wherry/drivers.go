package main

import (
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/qemu"
)

// newDrivers are the hypervisors of this build, the preferred one first. cache is a folder for what they find out about
// the host.
func newDrivers(cache string, log hclog.Logger) []vmhost.Driver {
	cacheFile := ""
	if cache != "" {
		cacheFile = filepath.Join(cache, "qemu.json")
	}
	return []vmhost.Driver{qemu.New(qemu.Config{CacheFile: cacheFile, Logger: log})}
}
