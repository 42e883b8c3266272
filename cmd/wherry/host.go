package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"github.com/pbnjay/memory"

	"github.com/wherry-app/wherry/app"
)

// buildVersion is set by the linker for releases.
var buildVersion string

// version of this build: a release's number, or else the commit it was built from.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "dev-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return "dev"
}

// hostFacts is what of this computer bounds the settings.
func hostFacts() app.Host {
	home, _ := os.UserHomeDir() // without one, no folder is shared by default
	return app.Host{CPUs: runtime.NumCPU(), Memory: int64(memory.TotalMemory()), Drivers: driverNames(), Home: home}
}

func driverNames() []string {
	var names []string
	for _, d := range newDrivers("", hclog.NewNullLogger()) {
		names = append(names, d.Name())
	}
	return names
}
