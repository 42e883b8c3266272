package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	hostmemory "github.com/pbnjay/memory"

	"github.com/wherry-app/wherry/app"
	appengine "github.com/wherry-app/wherry/app/engine"
	apphome "github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/vmhost"
)

// Config is what an examination needs.
type Config struct {
	Home    apphome.Dir
	Drivers []vmhost.Driver
	// Image finds the guest image.
	Image func() (*image.Image, error)
	Host  app.Host
	// Version of this program.
	Version string
	// Daemon answers if one runs.
	Daemon app.Observer
	// Context is the name of Wherry's docker context.
	Context string
}

// answerTime is how long the daemon may take to answer.
const answerTime = 2 * time.Second

// Run examines this host. It takes a few seconds at most, whatever is wrong.
func Run(ctx context.Context, c Config) Report {
	return Report{Version: c.Version, OS: hostOS + "/" + runtime.GOARCH, Time: time.Now(), Checks: Examine(Gather(ctx, c))}
}

// Gather finds the facts out. What cannot be found out stays empty or is an error among them.
func Gather(ctx context.Context, c Config) Facts {
	f := Facts{OS: hostOS, Arch: runtime.GOARCH, Version: c.Version, MemoryTotal: int64(hostmemory.TotalMemory()), MemoryAvailable: availableMemory()}
	f.Settings, f.SettingsErr = c.Home.LoadSettings(app.DefaultSettings(c.Host))
	if f.SettingsErr == nil {
		f.SettingsErr = f.Settings.Check(c.Host, 0)
	}
	f.Drivers = gatherDrivers(ctx, c.Drivers)
	f.Home = gatherHome(c.Home)
	f.Disk, _ = space.Of(existing(c.Home.Root())) // its zero value is "not known"
	if st, err := os.Stat(c.Home.DataDisk()); err == nil {
		f.DataBytes = space.Allocated(st)
	}
	f.Daemon = gatherDaemon(ctx, c)
	if img, err := c.Image(); err != nil {
		f.ImageErr = err
	} else {
		f.Image = img.Manifest.Arch + ", kernel " + img.Manifest.KernelRelease + ", agent " + img.Manifest.Agent
	}
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err != nil {
		f.LoopbackErr = err
	} else {
		_ = l.Close()
	}
	f.FirstPort, f.ReservedPorts = firstPort(), reservedPorts(ctx)
	f.Docker = gatherDocker(c)
	return f
}

func gatherDrivers(ctx context.Context, drivers []vmhost.Driver) []DriverFacts {
	var all []DriverFacts
	for _, d := range drivers {
		fact := DriverFacts{Name: d.Name()}
		if dd, ok := d.(vmhost.Describer); ok {
			found, err := dd.Describe(ctx)
			fact.Program, fact.Version, fact.Err = found.Program, found.Version, err
			for _, a := range found.Accels {
				fact.Accels = append(fact.Accels, AccelFacts(a))
			}
		} else {
			fact.Err = d.Probe(ctx)
		}
		all = append(all, fact)
	}
	return all
}

func gatherHome(h apphome.Dir) HomeFacts {
	f := HomeFacts{Path: h.Root(), Err: h.Check()}
	f.Network = networkFilesystem(existing(h.Root()))
	st, err := os.Stat(h.Root())
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			f.Err = errors.Join(f.Err, err)
		} else if f.Err == nil {
			f.Err = writable(existing(h.Root()))
		}
		return f
	}
	f.Exists, f.Mode, f.Foreign = true, rights(st), foreign(st)
	if f.Err == nil {
		f.Err = writable(h.Root())
	}
	for _, path := range []string{h.DaemonSocket(), h.DockerSocket()} {
		if st, err := os.Lstat(path); err == nil && st.Mode()&os.ModeSocket != 0 {
			f.Sockets = append(f.Sockets, SocketFacts{Path: path, Mode: st.Mode()})
		}
	}
	return f
}

// writable tries to make a file.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".write-test-*")
	if err != nil {
		return app.Errorf("make the folder writable for you, or set "+apphome.EnvVar+" to another one", "cannot write to %s: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// existing is the path, or the nearest folder above it that exists.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

func gatherDaemon(ctx context.Context, c Config) DaemonFacts {
	d := DaemonFacts{Suspended: appengine.Suspended(c.Home), LastError: appengine.LastError(c.Home.Root())}
	d.Locked, d.Err = c.Home.Locked()
	if d.Err != nil {
		return d
	}
	if !d.Locked {
		if info, err := appengine.FindVM(ctx, c.Drivers, c.Home.VM()); err == nil {
			d.OrphanPID = info.PID
		}
		return d
	}
	d.PID = c.Home.OwnerPID()
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	d.Snapshot, d.Err = c.Daemon.Snapshot(ctx)
	return d
}

func gatherDocker(c Config) DockerFacts {
	d := DockerFacts{Host: os.Getenv("DOCKER_HOST"), Ours: c.Home.DockerHost(), OurContext: c.Context, Others: otherEngines()}
	d.Program, _ = exec.LookPath("docker")
	if d.Context = os.Getenv("DOCKER_CONTEXT"); d.Context == "" {
		d.Context = dockerConfig().CurrentContext
	}
	if target, err := filepath.EvalSymlinks("/var/run/docker.sock"); err == nil {
		d.SystemSocket = target
	}
	return d
}

// dockerFile is what we read of the docker command's configuration.
type dockerFile struct {
	CurrentContext string `json:"currentContext"`
	Auths          map[string]struct {
		Auth          string `json:"auth"`
		IdentityToken string `json:"identitytoken"`
		RegistryToken string `json:"registrytoken"`
		Password      string `json:"password"`
	} `json:"auths"`
}

func dockerConfig() (f dockerFile) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return f
		}
		dir = filepath.Join(home, ".docker")
	}
	if text, err := os.ReadFile(filepath.Join(dir, "config.json")); err == nil {
		_ = json.Unmarshal(text, &f) // a damaged one is docker's to complain about
	}
	return f
}

// otherEngines are the sockets of other engines that this user may have.
func otherEngines() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range []struct{ name, path string }{
		{"Docker Desktop", filepath.Join(home, ".docker", "desktop", "docker.sock")},
		{"Docker Desktop", filepath.Join(home, ".docker", "run", "docker.sock")},
		{"OrbStack", filepath.Join(home, ".orbstack", "run", "docker.sock")},
		{"Colima", filepath.Join(home, ".colima", "default", "docker.sock")},
		{"Rancher Desktop", filepath.Join(home, ".rd", "docker.sock")},
		{"Lima", filepath.Join(home, ".lima", "docker", "sock", "docker.sock")},
		{"Podman", filepath.Join(home, ".local", "share", "containers", "podman", "machine", "podman.sock")},
		{"Docker Engine", "/run/docker.sock"},
	} {
		if st, err := os.Stat(e.path); err == nil && st.Mode()&os.ModeSocket != 0 {
			found = append(found, e.name+" ("+e.path+")")
		}
	}
	return append(found, systemEngines()...)
}
