package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

type testCase struct {
	name string
	run  func(*check)
	big  bool
}

// check is one case that runs: its folder, and what was found wrong.
type check struct {
	dir   string
	wrong []string
	why   string // it was skipped
}

// stopped is what a case panics with that cannot go on.
type stopped struct{}

func (c *check) run(f func(*check)) {
	defer func() {
		if r := recover(); r != nil && r != (stopped{}) {
			c.wrong = append(c.wrong, fmt.Sprint("panic: ", r))
		}
	}()
	f(c)
}

func (c *check) failf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// must ends the case if err is not nil.
func (c *check) must(err error) {
	if err != nil {
		c.failf("%s", c.short(err))
		panic(stopped{})
	}
}

// short is an error without the case's folder.
func (c *check) short(err error) string { return strings.ReplaceAll(err.Error(), c.dir+"/", "") }

// skip ends the case without a verdict.
func (c *check) skip(format string, args ...any) {
	c.why = fmt.Sprintf(format, args...)
	panic(stopped{})
}

// skipUnlessRoot ends cases that need to become other users.
func (c *check) skipUnlessRoot() {
	if os.Getuid() != 0 {
		c.skip("needs root")
	}
}

// is wants an error; 0 is none. Several are all good.
func (c *check) is(err error, what string, want ...syscall.Errno) {
	for _, w := range want {
		if w == 0 && err == nil || w != 0 && errors.Is(err, w) {
			return
		}
	}
	c.failf("%s: %s, want %s", what, errnoName(err), errnoNames(want))
}

func errnoNames(list []syscall.Errno) string {
	var names []string
	for _, e := range list {
		names = append(names, errnoName(e))
	}
	return strings.Join(names, " or ")
}

func errnoName(err error) string {
	var e syscall.Errno
	switch {
	case err == nil, errors.As(err, &e) && e == 0:
		return "success"
	case errors.As(err, &e):
		return unix.ErrnoName(e)
	}
	return err.Error()
}

// equal wants two values to be the same.
func equal[T comparable](c *check, what string, got, want T) {
	if got != want {
		c.failf("%s: %v, want %v", what, got, want)
	}
}

// at is a path in the case's folder.
func (c *check) at(name string) string { return filepath.Join(c.dir, name) }

// write makes a file with a content.
func (c *check) write(name, content string) string {
	p := c.at(name)
	c.must(os.WriteFile(p, []byte(content), 0o644))
	return p
}

func (c *check) mkdir(name string) string {
	p := c.at(name)
	c.must(os.Mkdir(p, 0o755))
	return p
}

// open opens a file; it is closed by close, or with the process.
func (c *check) open(name string, flags int, mode uint32) int {
	fd, err := unix.Open(c.at(name), flags|unix.O_CLOEXEC, mode)
	c.must(wrap("open "+name, err))
	return fd
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// reads wants a file to have a content.
func (c *check) reads(name, want string) {
	got, err := os.ReadFile(c.at(name))
	if err != nil {
		c.failf("read %s", c.short(err))
		return
	}
	if string(got) != want {
		c.failf("%s has %.40q (%d bytes), want %.40q (%d bytes)", name, got, len(got), want, len(want))
	}
}

func (c *check) stat(name string) unix.Stat_t {
	var st unix.Stat_t
	c.must(wrap("lstat "+name, unix.Lstat(c.at(name), &st)))
	return st
}

// gone wants a name not to be there.
func (c *check) gone(name string) {
	var st unix.Stat_t
	c.is(unix.Lstat(c.at(name), &st), "lstat "+name, unix.ENOENT)
}

// names lists a folder, sorted.
func (c *check) names(name string) []string {
	list, err := os.ReadDir(c.at(name))
	c.must(err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// later lets enough time pass for a clock's tick to be seen in a file's times.
func later() { time.Sleep(15 * time.Millisecond) }

func ns(t unix.Timespec) int64 { return t.Nano() }

// as runs one step as another user, in a process of its own, and returns its error.
func (c *check) as(uid, gid int, groups []uint32, args ...string) error {
	cmd := c.child(args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: groups}}
	return outcome(cmd.Run())
}

// other runs one step in another process.
func (c *check) other(args ...string) error { return outcome(c.child(args...).Run()) }

func (c *check) child(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", append([]string{"-helper"}, args...)...)
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	return cmd
}

// outcome turns a helper's exit code into the error it had.
func outcome(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return syscall.Errno(exit.ExitCode())
	}
	return err
}

// helper does one step and returns its error number.
func helper(args []string) int {
	err := step(args[0], args[1], args[2:])
	var e syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return int(e)
	}
	fmt.Fprintln(os.Stderr, "helper:", err)
	return 255
}

func step(what, path string, rest []string) error {
	switch what {
	case "read":
		_, err := os.ReadFile(path)
		return err
	case "write":
		fd, err := unix.Open(path, unix.O_WRONLY, 0)
		if err == nil {
			_, err = unix.Write(fd, []byte("x"))
		}
		return err
	case "create":
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o644)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	case "mkdir":
		return unix.Mkdir(path, 0o755)
	case "unlink":
		return unix.Unlink(path)
	case "rmdir":
		return unix.Rmdir(path)
	case "rename":
		return unix.Rename(path, rest[0])
	case "link":
		return unix.Link(path, rest[0])
	case "list":
		_, err := os.ReadDir(path)
		return err
	case "chmod":
		return unix.Chmod(path, 0o600)
	case "chown":
		return unix.Lchown(path, os.Getuid(), os.Getgid())
	case "chgrp":
		var gid int
		if _, err := fmt.Sscan(rest[0], &gid); err != nil {
			return err
		}
		return unix.Lchown(path, -1, gid)
	case "truncate":
		return unix.Truncate(path, 0)
	case "touch":
		return unix.UtimesNanoAt(unix.AT_FDCWD, path, nil, 0)
	case "settime":
		return unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{{Sec: 1}, {Sec: 1}}, 0)
	case "flock", "lock":
		return tryLock(what, path)
	}
	return fmt.Errorf("unknown step %q", what)
}

// tryLock tries to lock a file without waiting.
func tryLock(how, path string) error {
	fd, err := unix.Open(path, unix.O_RDWR, 0)
	if err != nil {
		return err
	}
	if how == "flock" {
		return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	}
	return unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: 10, Len: 10})
}
