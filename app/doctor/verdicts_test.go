package doctor_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/doctor"
	"github.com/wherry-app/wherry/app/space"
)

// healthy is a host on which nothing is wrong.
func healthy() doctor.Facts {
	return doctor.Facts{
		OS: "linux", Arch: "amd64", Version: "1.0",
		Drivers:  []doctor.DriverFacts{{Name: "qemu", Program: "/usr/bin/qemu-system-x86_64", Version: "QEMU 10.0.2", Accels: []doctor.AccelFacts{{Name: "kvm"}}}},
		Settings: app.Settings{CPUs: 2, Memory: 2 << 30, Disk: 64 << 30}, MemoryTotal: 16 << 30, MemoryAvailable: 8 << 30,
		Home: doctor.HomeFacts{Path: "/home/me/.wherry", Exists: true, Mode: 0o700},
		Disk: space.Space{Free: 100 << 30, Total: 200 << 30}, Image: "amd64", FirstPort: 1,
		Daemon: doctor.DaemonFacts{Locked: true, PID: 7, Snapshot: app.Snapshot{State: app.StateRunning, Daemon: app.Daemon{PID: 7, Version: "1.0"}}},
		Docker: doctor.DockerFacts{Program: "/usr/bin/docker", Host: "unix:///s", Ours: "unix:///s"},
	}
}

func TestHealthyHost(t *testing.T) {
	r := doctor.Report{Checks: doctor.Examine(healthy())}
	if r.Worst() != doctor.OK {
		t.Errorf("%+v", r.Checks)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil || strings.Count(b.String(), "\n") != len(r.Checks) {
		t.Errorf("%v, %s", err, b.String())
	}
}

// TestVerdicts: one thing is wrong, and only the check of that name says so, with words that name it and a fix.
func TestVerdicts(t *testing.T) {
	kvm := app.Errorf("join the group kvm", "permission denied")
	for name, c := range map[string]struct {
		wrong   func(*doctor.Facts)
		check   string
		verdict doctor.Verdict
		words   string
		fix     string
	}{
		"no QEMU": {func(f *doctor.Facts) {
			f.Drivers[0].Err = app.Errorf("install it", "hypervisor not installed")
			f.Drivers[0].Accels = nil
		}, "hypervisor", doctor.Problem, "not installed", "install it"},
		"no KVM":          {func(f *doctor.Facts) { f.Drivers[0].Accels[0].Err = kvm }, "virtualization", doctor.Warning, "emulated", "join the group kvm"},
		"too much memory": {func(f *doctor.Facts) { f.Settings.Memory = 32 << 30 }, "memory", doctor.Problem, "32 GiB", "settings set memory"},
		"much memory":     {func(f *doctor.Facts) { f.Settings.Memory = 15 << 30 }, "memory", doctor.Warning, "little is left", "settings set memory"},
		"busy memory":     {func(f *doctor.Facts) { f.MemoryAvailable = 100 << 20 }, "memory", doctor.Warning, "100 MiB", "close other programs"},
		"disk low":        {func(f *doctor.Facts) { f.Disk.Free = 2 << 30 }, "disk", doctor.Warning, "2 GiB", "docker system prune"},
		"disk full":       {func(f *doctor.Facts) { f.Disk.Free = 5 << 20 }, "disk", doctor.Problem, "paused", "/home/me/.wherry"},
		"long path": {func(f *doctor.Facts) {
			f.Home.Err = app.Errorf("set WHERRY_HOME to a shorter path", "socket path is 120 bytes long")
		}, "home", doctor.Problem, "120 bytes", "shorter"},
		"open home":     {func(f *doctor.Facts) { f.Home.Mode = 0o755 }, "home", doctor.Warning, "open to other users", "chmod 700"},
		"foreign home":  {func(f *doctor.Facts) { f.Home.Foreign = true }, "home", doctor.Problem, "another user", "WHERRY_HOME"},
		"home on a NAS": {func(f *doctor.Facts) { f.Home.Network = "NFS" }, "home", doctor.Warning, "NFS", "WHERRY_HOME"},
		"open socket": {
			func(f *doctor.Facts) { f.Home.Sockets = []doctor.SocketFacts{{Path: "/it's", Mode: 0o666}} }, "sockets", doctor.Problem,
			"root in the VM", `chmod 600 '/it'\''s'`,
		},
		"settings":    {func(f *doctor.Facts) { f.SettingsErr = app.Errorf("mend the file", "damaged") }, "settings", doctor.Problem, "damaged", "mend"},
		"no image":    {func(f *doctor.Facts) { f.ImageErr = app.Errorf("run make guest", "missing") }, "image", doctor.Problem, "missing", "make guest"},
		"hung daemon": {func(f *doctor.Facts) { f.Daemon.Err = errors.New("deadline exceeded") }, "daemon", doctor.Problem, "process 7", "stop --force"},
		"old daemon":  {func(f *doctor.Facts) { f.Daemon.Snapshot.Daemon.Version = "0.9" }, "daemon", doctor.Warning, "0.9", "daemon restart"},
		"orphan":      {func(f *doctor.Facts) { f.Daemon = doctor.DaemonFacts{OrphanPID: 12} }, "daemon", doctor.Problem, "12", "wherry start"},
		"failed before": {func(f *doctor.Facts) {
			f.Daemon = doctor.DaemonFacts{LastError: &app.ErrorInfo{Message: "boom", Hint: "do"}}
		}, "engine", doctor.Warning, "boom", "do"},
		"warned": {func(f *doctor.Facts) {
			f.Daemon.Snapshot.Warnings = []app.ErrorInfo{{Message: "no network", Hint: "do"}}
		}, "engine", doctor.Warning, "no network", "do"},
		"taken port": {func(f *doctor.Facts) {
			f.Daemon.Snapshot.Ports = []app.Port{{HostAddress: "127.0.0.1:80", Error: "taken", Hint: "stop nginx"}}
		}, "ports", doctor.Warning, "127.0.0.1:80 (taken)", "stop nginx"},
		"no loopback":   {func(f *doctor.Facts) { f.LoopbackErr = errors.New("denied") }, "ports", doctor.Problem, "denied", "firewall"},
		"no docker":     {func(f *doctor.Facts) { f.Docker.Program = "" }, "docker", doctor.Warning, "no docker command", "install"},
		"other host":    {func(f *doctor.Facts) { f.Docker.Host = "tcp://x:1" }, "docker", doctor.Warning, "tcp://x:1", "wherry env"},
		"other context": {func(f *doctor.Facts) { f.Docker.Host, f.Docker.OurContext = "", "wherry" }, "docker", doctor.Warning, `"default"`, "wherry env"},
	} {
		t.Run(name, func(t *testing.T) {
			f := healthy()
			c.wrong(&f)
			for _, got := range doctor.Examine(f) {
				switch {
				case got.Name == c.check:
					if got.Verdict != c.verdict || !strings.Contains(got.Message, c.words) || !strings.Contains(got.Fix, c.fix) {
						t.Errorf("got %+v", got)
					}
				case got.Verdict == doctor.Problem, got.Verdict == doctor.Warning:
					t.Errorf("another one: %+v", got)
				}
			}
		})
	}
}

// TestEveryTroubleHasAFix: what is wrong names the next action, always.
func TestEveryTroubleHasAFix(t *testing.T) {
	for _, c := range doctor.Examine(doctor.Facts{ImageErr: errors.New("x"), SettingsErr: errors.New("x"), LoopbackErr: errors.New("x"), Daemon: doctor.DaemonFacts{Locked: true, Err: errors.New("x")}}) {
		if (c.Verdict == doctor.Problem || c.Verdict == doctor.Warning) && c.Fix == "" {
			t.Errorf("%+v", c)
		}
	}
}
