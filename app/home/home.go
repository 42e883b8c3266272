package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/adrg/xdg"
	"github.com/gofrs/flock"

	"github.com/wherry-app/wherry/app"
)

// EnvVar names the environment variable that moves all state to one folder.
const EnvVar = "WHERRY_HOME"

// maxSocketPath is what the smallest of the systems' sockaddr_un holds, less the final zero (macOS: 104).
const maxSocketPath = 103

// ErrLocked is returned by Lock when another process owns the directory.
var ErrLocked = errors.New("state directory is in use")

// Dir is a state directory.
type Dir struct {
	root string
}

// Default is the folder that $WHERRY_HOME names, or else the system's own place for an application's data.
func Default() (Dir, error) {
	if v := os.Getenv(EnvVar); v != "" {
		return At(v)
	}
	return At(filepath.Join(xdg.DataHome, "wherry"))
}

// At is the state directory at a path; a relative one is taken from the working directory.
func At(path string) (Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Dir{}, fmt.Errorf("find state directory: %w", err)
	}
	return Dir{root: abs}, nil
}

// IsDefault says whether it is the system's own place for an application's data.
func (d Dir) IsDefault() bool { return d.root == filepath.Join(xdg.DataHome, "wherry") }

// Root is the directory's absolute path.
func (d Dir) Root() string { return d.root }

// SettingsFile holds the settings as JSON.
func (d Dir) SettingsFile() string { return d.path("settings.json") }

// DataDisk is the sparse image with the engine's images, containers and volumes.
func (d Dir) DataDisk() string { return d.path("data.img") }

// VM is the folder for the running machine's sockets and PID file; it belongs to the driver.
func (d Dir) VM() string { return d.path("vm") }

// SavedState is the file of a suspended machine.
func (d Dir) SavedState() string { return d.path("vm.state") }

// QuickState is the file of a machine that was saved without containers, for a fast start.
func (d Dir) QuickState() string { return d.path("vm.quick") }

// SavedRules is the file of the ports that are published while a machine is suspended.
func (d Dir) SavedRules() string { return d.path("vm.ports") }

// Cache holds what can be made again at any time.
func (d Dir) Cache() string { return d.path("cache") }

// Log is the file of a log.
func (d Dir) Log(s app.LogSource) string { return filepath.Join(d.path("logs"), string(s)+".log") }

// DaemonSocket is the address of the daemon's API, for localsock.
func (d Dir) DaemonSocket() string { return socketAddress(d.root, "daemon") }

// DockerSocket is the address where docker answers, for localsock.
func (d Dir) DockerSocket() string { return socketAddress(d.root, "docker") }

// SecondSocket is the address of the docker socket for tools that are not trusted, for localsock.
func (d Dir) SecondSocket() string { return socketAddress(d.root, "docker2") }

// DockerHost is DockerSocket in the form of the DOCKER_HOST variable.
func (d Dir) DockerHost() string { return hostURL(d.DockerSocket()) }

func (d Dir) path(name string) string { return filepath.Join(d.root, name) }

// Check says whether the directory can serve at all, before anything is created: its sockets' paths must not be too long
// for the system.
func (d Dir) Check() error {
	for _, p := range []string{d.DaemonSocket(), d.DockerSocket(), filepath.Join(d.VM(), "network.sock")} {
		if filepath.IsAbs(p) && len(p) > maxSocketPath {
			return app.Errorf("set "+EnvVar+" to a shorter path, for example ~/.wherry", "socket path %s is %d bytes long, the system takes %d", p, len(p), maxSocketPath)
		}
	}
	return nil
}

// Prepare creates the directory and its folders, owner-only, and checks that they can be written.
func (d Dir) Prepare() error {
	if err := d.Check(); err != nil {
		return err
	}
	for _, p := range []string{d.root, d.Cache(), filepath.Dir(d.Log(app.LogDaemon))} {
		if err := os.MkdirAll(p, 0o700); err != nil {
			return notWritable(d.root, err)
		}
	}
	f, err := os.CreateTemp(d.root, ".write-test-*")
	if err != nil {
		return notWritable(d.root, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func notWritable(root string, err error) error {
	return app.Errorf("make the folder writable for you, or set "+EnvVar+" to another one", "cannot write to the state directory %s: %w", root, err)
}

// A Lock is held by the one process that owns the directory.
type Lock struct {
	file *flock.Flock
	pid  string
}

// Lock takes the directory for this process. If another one has it, the error is ErrLocked. The system releases it when
// the process ends, however that happens.
func (d Dir) Lock() (*Lock, error) {
	l := &Lock{file: flock.New(d.path("lock"), flock.SetPermissions(0o600)), pid: d.path("daemon.pid")}
	ok, err := l.file.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", d.root, err)
	case !ok:
		return nil, fmt.Errorf("%w by process %d", ErrLocked, d.OwnerPID())
	}
	if err := os.WriteFile(l.pid, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write PID file: %w", err), l.file.Unlock())
	}
	return l, nil
}

// Unlock gives the directory back.
func (l *Lock) Unlock() error { return errors.Join(os.Remove(l.pid), l.file.Unlock()) }

// Locked says whether a process owns the directory now.
func (d Dir) Locked() (bool, error) {
	if _, err := os.Stat(d.path("lock")); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	f := flock.New(d.path("lock"), flock.SetPermissions(0o600))
	ok, err := f.TryRLock()
	if err != nil {
		return false, fmt.Errorf("look at the lock of %s: %w", d.root, err)
	}
	if !ok {
		return true, nil
	}
	return false, f.Unlock()
}

// OwnerPID is the process that last took the lock, 0 if it is not known. It informs; Locked decides.
func (d Dir) OwnerPID() int {
	b, err := os.ReadFile(d.path("daemon.pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
