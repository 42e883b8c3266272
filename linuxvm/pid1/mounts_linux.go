package pid1

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	etcTemplate = "/usr/lib/wherry/etc"
	noExec      = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
)

var mounts = []struct {
	source, target, fstype string
	flags                  uintptr
	options                string
}{
	{"proc", "/proc", "proc", noExec, ""},
	{"devpts", "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666"},
	{"shm", "/dev/shm", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	{"mqueue", "/dev/mqueue", "mqueue", noExec, ""},
	{"run", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755,size=20%"},
	{"tmp", "/tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777,size=50%"},
	{"root", "/root", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0700,size=10%"},
	{"cgroup2", "/sys/fs/cgroup", "cgroup2", noExec, "nsdelegate,memory_recursiveprot"},
	{"bpf", "/sys/fs/bpf", "bpf", noExec, "mode=0700"},
	{"securityfs", "/sys/kernel/security", "securityfs", noExec, ""},
	{"debugfs", "/sys/kernel/debug", "debugfs", noExec, "mode=0700"},
	{"tracefs", "/sys/kernel/tracing", "tracefs", noExec, "mode=0700"},
}

// mountAll mounts what the guest needs beside the root and its disks, and puts /etc together. Mounts in /sys are of use
// to some containers, but nothing fails without them.
func mountAll() error {
	for _, m := range mounts {
		optional := filepath.Dir(m.target) == "/sys/kernel" || m.target == "/sys/fs/bpf"
		if err := os.MkdirAll(m.target, 0o755); err != nil && !optional {
			return fmt.Errorf("make mount point: %w", err)
		}
		if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.options); err != nil && !optional {
			return fmt.Errorf("mount %s on %q: %w", m.fstype, m.target, err)
		}
	}
	// Containers' mounts are to be seen in each other where they ask for it, as on every Linux host.
	if err := unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("share mounts: %w", err)
	}
	for link, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
		"/dev/stderr": "/proc/self/fd/2", "/var/run": "/run", "/etc/mtab": "/proc/self/mounts",
		"/etc/docker": dataDir + "/wherry/docker",
	} {
		if err := symlink(target, link); err != nil {
			return err
		}
	}
	for _, dir := range []string{dataDir, "/mnt", "/media", "/opt", "/home", "/srv", "/run/lock"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	return makeEtc("/etc", etcTemplate)
}

// makeEtc fills dir with links to the template's files, so that single ones can be replaced in the running guest.
func makeEtc(dir, template string) error {
	return filepath.WalkDir(template, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("fill %q: %w", dir, err)
		}
		where := dir + p[len(template):]
		if d.IsDir() {
			return os.MkdirAll(where, 0o755)
		}
		return symlink(p, where)
	})
}

func symlink(target, link string) error {
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.Symlink(target, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make link: %w", err)
	}
	return nil
}

// sysctls are kernel settings for running containers: forwarding for their network, and limits that databases, search
// engines and file watchers run into.
var sysctls = map[string]string{
	"net/ipv4/ip_forward":                 "1",
	"net/ipv4/ip_nonlocal_bind":           "1", // dockerd binds the host's addresses, which are not the guest's
	"net/ipv4/ip_unprivileged_port_start": "1024",
	"net/ipv4/ping_group_range":           "0 2147483647",
	"net/core/somaxconn":                  "4096",
	"fs/inotify/max_user_watches":         "1048576",
	"fs/inotify/max_user_instances":       "8192",
	"fs/file-max":                         "2097152",
	"fs/aio-max-nr":                       "1048576",
	"vm/max_map_count":                    "1048576",
	"vm/overcommit_memory":                "1",
	"vm/swappiness":                       "10",
	"kernel/keys/maxkeys":                 "20000",
	"kernel/keys/maxbytes":                "2000000",
	"kernel/pid_max":                      "4194304",
	"kernel/hostname":                     "wherry",
}

// setSysctls sets them all and returns the errors of those that the kernel does not take.
func setSysctls() error {
	var errs []error
	for name, value := range sysctls {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0); err != nil {
			errs = append(errs, fmt.Errorf("set sysctl: %w", err))
		}
	}
	return errors.Join(errs...)
}
