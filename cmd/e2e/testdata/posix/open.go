package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// opens tries to open a name and wants an error.
func (c *check) opens(name string, flags int, want ...syscall.Errno) {
	fd, err := unix.Open(c.at(name), flags|unix.O_CLOEXEC, 0o644)
	if err == nil {
		_ = unix.Close(fd)
	}
	c.is(err, fmt.Sprintf("open %s with %#x", name, flags), want...)
}

func openCases() []testCase {
	return []testCase{
		{name: "open/creates", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o640)
			_, err := unix.Write(fd, []byte("hello"))
			c.must(err)
			c.must(unix.Close(fd))
			c.reads("f", "hello")
			st := c.stat("f")
			equal(c, "mode", st.Mode, unix.S_IFREG|0o640)
			equal(c, "links", st.Nlink, 1)
		}},
		{name: "open/O_EXCL", run: func(c *check) {
			c.write("f", "x")
			c.must(os.Symlink("nowhere", c.at("dangling")))
			c.opens("f", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, unix.EEXIST)
			c.opens("dangling", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, unix.EEXIST)
			c.gone("nowhere")
			c.opens("new", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0)
		}},
		{name: "open/O_EXCL has one winner", run: exclusiveRace},
		{name: "open/errors", run: func(c *check) {
			c.write("f", "x")
			c.mkdir("d")
			c.must(os.Symlink("f", c.at("link")))
			c.must(os.Symlink("loop", c.at("loop")))
			c.opens("none", unix.O_RDONLY, unix.ENOENT)
			c.opens("none/f", unix.O_RDONLY|unix.O_CREAT, unix.ENOENT)
			c.opens("f/x", unix.O_RDONLY, unix.ENOTDIR)
			c.opens("d", unix.O_WRONLY, unix.EISDIR)
			c.opens("d", unix.O_RDWR, unix.EISDIR)
			c.opens("f", unix.O_DIRECTORY, unix.ENOTDIR)
			c.opens("link", unix.O_NOFOLLOW, unix.ELOOP)
			c.opens("loop", unix.O_RDONLY, unix.ELOOP)
			c.opens(strings.Repeat("n", 256), unix.O_CREAT|unix.O_WRONLY, unix.ENAMETOOLONG)
		}},
		{name: "open/O_TRUNC", run: func(c *check) {
			c.write("f", "content")
			c.must(unix.Close(c.open("f", unix.O_WRONLY|unix.O_TRUNC, 0)))
			equal(c, "size", c.stat("f").Size, 0)
			c.reads("f", "")
		}},
		{name: "open/umask", run: func(c *check) {
			old := unix.Umask(0o027)
			defer unix.Umask(old)
			c.must(unix.Close(c.open("f", unix.O_CREAT|unix.O_WRONLY, 0o666)))
			c.must(unix.Mkdir(c.at("d"), 0o777))
			equal(c, "file's mode", c.stat("f").Mode&0o7777, 0o640)
			equal(c, "folder's mode", c.stat("d").Mode&0o7777, 0o750)
		}},
		{name: "open/mode without rights", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_WRONLY, 0)
			_, err := unix.Write(fd, []byte("x"))
			c.must(err)
			c.must(unix.Close(fd))
			equal(c, "mode", c.stat("f").Mode&0o7777, 0)
			equal(c, "size", c.stat("f").Size, 1)
		}},
		{name: "open/read-only cannot write", run: func(c *check) {
			c.write("f", "x")
			fd := c.open("f", unix.O_RDONLY, 0)
			defer unix.Close(fd)
			_, err := unix.Write(fd, []byte("y"))
			c.is(err, "write", unix.EBADF)
			fd = c.open("f", unix.O_WRONLY, 0)
			defer unix.Close(fd)
			_, err = unix.Read(fd, make([]byte, 1))
			c.is(err, "read", unix.EBADF)
		}},
		{name: "open/O_PATH", run: func(c *check) {
			c.write("f", "x")
			fd := c.open("f", unix.O_PATH, 0)
			defer unix.Close(fd)
			var st unix.Stat_t
			c.must(unix.Fstat(fd, &st))
			equal(c, "inode", st.Ino, c.stat("f").Ino)
			got, err := os.ReadFile(fmt.Sprint("/proc/self/fd/", fd))
			c.must(err)
			equal(c, "content", string(got), "x")
		}},
		{name: "open/O_TMPFILE", run: func(c *check) {
			fd, err := unix.Open(c.dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
			c.must(wrap("open", err))
			defer unix.Close(fd)
			_, err = unix.Write(fd, []byte("made"))
			c.must(err)
			c.must(wrap("link", unix.Linkat(unix.AT_FDCWD, fmt.Sprint("/proc/self/fd/", fd), unix.AT_FDCWD, c.at("f"), unix.AT_SYMLINK_FOLLOW)))
			c.reads("f", "made")
		}},
		{name: "open/again by /proc", run: func(c *check) {
			c.write("f", "old")
			fd := c.open("f", unix.O_RDONLY, 0)
			defer unix.Close(fd)
			c.must(os.WriteFile(fmt.Sprint("/proc/self/fd/", fd), []byte("new"), 0))
			c.reads("f", "new")
		}},
		{name: "open/program runs", run: runsProgram},
	}
}

// exclusiveRace has several try to make the same file.
func exclusiveRace(c *check) {
	for round := range 20 {
		name := fmt.Sprint("f", round)
		results := make(chan error)
		const tries = 8
		for range tries {
			go func() {
				fd, err := unix.Open(c.at(name), unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o644)
				if err == nil {
					err = unix.Close(fd)
				}
				results <- err
			}()
		}
		won := 0
		for range tries {
			if err := <-results; err == nil {
				won++
			} else {
				c.is(err, "create", unix.EEXIST)
			}
		}
		equal(c, "winners", won, 1)
	}
}

// runsProgram executes a program from the folder, which cannot be written meanwhile.
func runsProgram(c *check) {
	self, err := os.ReadFile("/proc/self/exe")
	c.must(err)
	c.must(os.WriteFile(c.at("prog"), self, 0o755))
	c.write("f", "x")
	cmd := c.child("read", c.at("f"))
	cmd.Path = c.at("prog")
	c.must(wrap("run", cmd.Run()))
	c.must(os.Chmod(c.at("prog"), 0o644))
	cmd = c.child("read", c.at("f"))
	cmd.Path = c.at("prog")
	c.is(cmd.Run(), "run without the right", unix.EACCES)
}
