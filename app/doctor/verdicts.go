package doctor

import (
	"fmt"
	"strings"

	"github.com/wherry-app/wherry/app"
)

// Room on the host's disk: below lowSpace something has to be done soon, below noSpace the engine will pause.
const (
	lowSpace = 5 << 30
	noSpace  = 1 << 30
)

// Examine makes the verdicts of facts. It is pure.
func Examine(f Facts) []Check {
	return []Check{
		hypervisor(f), virtualization(f), memory(f), disk(f), home(f), sockets(f), settings(f), guestImage(f),
		daemon(f), engine(f), ports(f), docker(f), engines(f),
	}
}

func result(name, title string, v Verdict, fix, format string, args ...any) Check {
	return Check{Name: name, Title: title, Verdict: v, Message: fmt.Sprintf(format, args...), Fix: fix}
}

// failed is a check that an error decides.
func failed(name, title string, v Verdict, err error, fix string) Check {
	info := app.InfoOf(err)
	if info.Hint != "" {
		fix = info.Hint
	}
	return result(name, title, v, fix, "%s", info.Message)
}

// works is the first driver that can work here.
func (f Facts) works() (DriverFacts, bool) {
	for _, d := range f.Drivers {
		if d.Err == nil {
			return d, true
		}
	}
	return DriverFacts{}, false
}

func hypervisor(f Facts) Check {
	const name, title = "hypervisor", "Hypervisor"
	if d, ok := f.works(); ok {
		if d.Program == "" {
			return result(name, title, OK, "", "%s", d.Name)
		}
		return result(name, title, OK, "", "%s, %s", d.Version, d.Program)
	}
	if len(f.Drivers) == 0 {
		return result(name, title, Problem, "install Wherry anew", "this build has no driver")
	}
	return failed(name, title, Problem, f.Drivers[0].Err, "")
}

func virtualization(f Facts) Check {
	const name, title = "virtualization", "Virtualization"
	d, ok := f.works()
	if !ok {
		return result(name, title, Unknown, "", "not known without a hypervisor")
	}
	if d.Program == "" {
		return result(name, title, OK, "", "the system's own")
	}
	for _, a := range d.Accels {
		if a.Err == nil {
			return result(name, title, OK, "", "%s works", a.Name)
		}
	}
	if len(d.Accels) == 0 {
		return result(name, title, Unknown, "", "no hardware acceleration is known for %s", f.OS)
	}
	a := d.Accels[0]
	info := app.InfoOf(a.Err)
	if info.Hint == "" {
		info.Hint = "turn on virtualization in the firmware's settings, or in those of the machine that this one runs in"
	}
	return result(name, title, Warning, info.Hint, "%s does not work, so the VM is emulated, ten to twenty times slower: %s", a.Name, info.Message)
}

func memory(f Facts) Check {
	const name, title = "memory", "Memory"
	want, fix := f.Settings.Memory, "close other programs, or run `wherry settings set memory` with less"
	switch {
	case f.MemoryTotal == 0:
		return result(name, title, Unknown, "", "this computer's memory is not known")
	case want > f.MemoryTotal:
		return result(name, title, Problem, fix, "the VM may use %s, this computer has %s", app.HumanSize(want), app.HumanSize(f.MemoryTotal))
	case want > f.MemoryTotal*3/4:
		return result(name, title, Warning, fix, "the VM may use %s of %s: little is left for everything else", app.HumanSize(want), app.HumanSize(f.MemoryTotal))
	case f.MemoryAvailable > 0 && f.MemoryAvailable < 512<<20:
		return result(name, title, Warning, fix, "only %s of %s are available now", app.HumanSize(f.MemoryAvailable), app.HumanSize(f.MemoryTotal))
	}
	return result(name, title, OK, "", "the VM may use %s of %s; %s are available now", app.HumanSize(want), app.HumanSize(f.MemoryTotal), app.HumanSize(f.MemoryAvailable))
}

func disk(f Facts) Check {
	const name, title = "disk", "Disk space"
	fix := "free space on the disk of " + f.Home.Path + "; `docker system df` and `docker system prune` show and remove what containers hold"
	switch {
	case f.Disk.Total == 0:
		return result(name, title, Unknown, "", "the free space is not known")
	case f.Disk.Free < noSpace:
		return result(name, title, Problem, fix, "only %s are free, Wherry's data takes %s: the VM will be paused when the disk is full", app.HumanSize(f.Disk.Free), app.HumanSize(f.DataBytes))
	case f.Disk.Free < lowSpace:
		return result(name, title, Warning, fix, "only %s are free, Wherry's data takes %s", app.HumanSize(f.Disk.Free), app.HumanSize(f.DataBytes))
	}
	return result(name, title, OK, "", "%s free, Wherry's data takes %s", app.HumanSize(f.Disk.Free), app.HumanSize(f.DataBytes))
}

func home(f Facts) Check {
	const name, title = "home", "State directory"
	h := f.Home
	switch {
	case h.Err != nil:
		return failed(name, title, Problem, h.Err, "make the folder writable for you, or set WHERRY_HOME to another one")
	case h.Foreign:
		return result(name, title, Problem, "set WHERRY_HOME to a folder of your own", "%s belongs to another user", h.Path)
	case h.Exists && h.Mode.Perm()&0o077 != 0:
		return result(name, title, Warning, "run: chmod 700 "+quoted(h.Path), "%s is open to other users (%v)", h.Path, h.Mode.Perm())
	case h.Network != "":
		return result(name, title, Warning, "set WHERRY_HOME to a folder on a disk of this computer", "%s lies on %s: locks and sockets there are not to be trusted", h.Path, h.Network)
	case !h.Exists:
		return result(name, title, OK, "", "%s will be made by the first start", h.Path)
	}
	return result(name, title, OK, "", "%s", h.Path)
}

func sockets(f Facts) Check {
	const name, title = "sockets", "Sockets"
	for _, s := range f.Home.Sockets {
		if s.Mode.Perm()&0o077 != 0 {
			return result(name, title, Problem, "run `wherry restart`, or: chmod 600 "+quoted(s.Path), "%s is open to other users (%v): who can write to it is root in the VM", s.Path, s.Mode.Perm())
		}
	}
	if len(f.Home.Sockets) == 0 {
		return result(name, title, OK, "", "none is open")
	}
	return result(name, title, OK, "", "%d, for you only", len(f.Home.Sockets))
}

func settings(f Facts) Check {
	const name, title = "settings", "Settings"
	if f.SettingsErr != nil {
		return failed(name, title, Problem, f.SettingsErr, "run `wherry settings`")
	}
	return result(name, title, OK, "", "%d processors, %s of memory, a disk of %s", f.Settings.CPUs, app.HumanSize(f.Settings.Memory), app.HumanSize(f.Settings.Disk))
}

func guestImage(f Facts) Check {
	const name, title = "image", "Guest image"
	if f.ImageErr != nil {
		return failed(name, title, Problem, f.ImageErr, "install Wherry anew")
	}
	return result(name, title, OK, "", "%s", f.Image)
}

func daemon(f Facts) Check {
	const name, title = "daemon", "Daemon"
	d := f.Daemon
	switch {
	case d.Locked && d.Err != nil:
		return result(name, title, Problem, "end it with `wherry stop --force`", "process %d owns the state directory and does not answer: %s", d.PID, app.InfoOf(d.Err).Message)
	case d.Locked && d.Snapshot.Daemon.Version != f.Version:
		return result(name, title, Warning, "run `wherry daemon restart`; with QEMU containers go on meanwhile", "process %d is version %s, this program is %s", d.PID, d.Snapshot.Daemon.Version, f.Version)
	case d.Locked:
		return result(name, title, OK, "", "process %d answers", d.PID)
	case d.OrphanPID != 0:
		return result(name, title, Problem, "run `wherry start` to take it over, or `wherry stop`", "the daemon is gone, its VM (process %d) still runs", d.OrphanPID)
	}
	return result(name, title, OK, "", "not running; commands start it when they need it")
}

func engine(f Facts) Check {
	const name, title = "engine", "Engine"
	d := f.Daemon
	s := d.Snapshot
	switch {
	case !d.Locked && d.LastError != nil:
		return result(name, title, Warning, d.LastError.Hint, "it failed when it last ran: %s", d.LastError.Message)
	case !d.Locked && d.Suspended:
		return result(name, title, OK, "", "suspended")
	case !d.Locked:
		return result(name, title, OK, "", "stopped")
	case d.Err != nil:
		return result(name, title, Unknown, "", "not known, since the daemon does not answer")
	case s.State == app.StateFailed && s.LastError != nil:
		return result(name, title, Problem, s.LastError.Hint, "failed: %s", s.LastError.Message)
	case len(s.Warnings) > 0:
		return result(name, title, Warning, s.Warnings[0].Hint, "%s: %s", s.State, s.Warnings[0].Message)
	}
	return result(name, title, OK, "", "%s", s.State)
}

func ports(f Facts) Check {
	const name, title = "ports", "Ports"
	var bad []string
	fix := ""
	for _, p := range f.Daemon.Snapshot.Ports {
		if p.Error != "" {
			bad, fix = append(bad, p.HostAddress+" ("+p.Error+")"), p.Hint
		}
	}
	switch {
	case f.LoopbackErr != nil:
		return failed(name, title, Problem, f.LoopbackErr, "look at the firewall and at the loopback interface of this computer")
	case len(bad) > 0:
		return result(name, title, Warning, fix, "published but not reachable: %s", strings.Join(bad, ", "))
	case len(f.ReservedPorts) > 0:
		return result(name, title, OK, "publish other ports than those", "the system keeps for itself: %s", strings.Join(f.ReservedPorts, ", "))
	case f.FirstPort > 80:
		return result(name, title, OK, "", "from %d on; lower ones need: sudo sysctl net.ipv4.ip_unprivileged_port_start=80", f.FirstPort)
	}
	return result(name, title, OK, "", "can be published on the loopback address")
}

func docker(f Facts) Check {
	const name, title = "docker", "Docker command"
	d := f.Docker
	use := "run `eval \"$(wherry env)\"`"
	switch {
	case d.Program == "":
		return result(name, title, Warning, "install the docker command line; Wherry's window works without it", "there is no docker command in PATH")
	case d.Host != "" && d.Host != d.Ours:
		return result(name, title, Warning, use+", or unset DOCKER_HOST", "DOCKER_HOST leads to %s, not to Wherry", d.Host)
	case d.Host == "" && d.Context != d.OurContext:
		at := d.Context
		if at == "" {
			at = "default"
		}
		return result(name, title, Warning, use, "%s uses the context %q, not Wherry's", d.Program, at)
	}
	return result(name, title, OK, "", "%s leads to Wherry", d.Program)
}

func engines(f Facts) Check {
	const name, title = "engines", "Other engines"
	d := f.Docker
	msg := "none found"
	if len(d.Others) > 0 {
		msg = strings.Join(d.Others, ", ") + "; they do not disturb Wherry, but may hold ports that you publish"
	}
	if d.SystemSocket != "" {
		msg += "; /var/run/docker.sock leads to " + d.SystemSocket
	}
	return result(name, title, OK, "", "%s", msg)
}

func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
