package initrd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/pid1/kmod"
)

// newRoot is where the root is put together before it becomes the root.
const newRoot = "/new"

// Run boots as far as the agent and becomes it; it returns only on failure.
func Run() error {
	h := Handoff{Start: sinceBoot()}
	for _, m := range []mount{
		{"devtmpfs", "/dev", "devtmpfs", unix.MS_NOSUID, "mode=0755"},
		{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"tmpfs", newRoot, "tmpfs", 0, "mode=0755,size=10%"},
	} {
		if err := m.do(); err != nil {
			return err
		}
	}
	if err := loadModules("/modules"); err != nil {
		return err
	}
	h.Modules = sinceBoot()
	disk, err := FindDisk(RootSerial)
	if err != nil {
		return err
	}
	if err := readAhead(disk); err != nil {
		return err
	}
	if err := (mount{disk, newRoot + "/usr", "erofs", unix.MS_RDONLY | unix.MS_NODEV, ""}).do(); err != nil {
		return err
	}
	h.Root = sinceBoot()
	if err := switchRoot(); err != nil {
		return err
	}
	env := []string{"PATH=/usr/sbin:/usr/bin", HandoffEnv + "=" + h.String()}
	return &os.PathError{Op: "exec", Path: AgentPath, Err: unix.Exec(AgentPath, []string{AgentPath}, env)}
}

// FindDisk returns the device of the virtio disk with a serial number. It needs /sys.
func FindDisk(serial string) (string, error) {
	files, err := filepath.Glob("/sys/block/vd*/serial")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil && strings.TrimRight(string(b), "\x00\n ") == serial {
			return "/dev/" + filepath.Base(filepath.Dir(f)), nil
		}
	}
	return "", &os.PathError{Op: "find disk", Path: serial, Err: unix.ENODEV}
}

// readAhead lets the kernel read more at once from the disk with the root image: its large programs are read from the
// beginning to the end at each boot, a page fault at a time.
func readAhead(disk string) error {
	return os.WriteFile("/sys/block/"+filepath.Base(disk)+"/queue/read_ahead_kb", []byte("1024"), 0)
}

type mount struct {
	source, target, fstype string
	flags                  uintptr
	options                string
}

func (m mount) do() error {
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.options); err != nil {
		return &os.PathError{Op: "mount " + m.fstype + " on", Path: m.target, Err: err}
	}
	return nil
}

// loadModules loads the modules that a list names and takes their files away, which free memory then.
func loadModules(list string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	for path := range strings.FieldsSeq(string(text)) {
		if err := kmod.Load(path, ""); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(list), os.Remove("/init"))
}

// switchRoot makes newRoot the root: a small file system in memory, with the image on /usr.
func switchRoot() error {
	for link, target := range map[string]string{
		"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
	} {
		if err := os.Symlink(target, newRoot+"/"+link); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/dev", "/sys"} {
		if err := os.Mkdir(newRoot+dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(dir, newRoot+dir, "", unix.MS_MOVE, ""); err != nil {
			return &os.PathError{Op: "move mount", Path: dir, Err: err}
		}
	}
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return &os.PathError{Op: "move mount", Path: newRoot, Err: err}
	}
	if err := unix.Chroot("."); err != nil {
		return &os.PathError{Op: "chroot", Path: newRoot, Err: err}
	}
	return os.Chdir("/")
}

func sinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
