package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func nameCases() []testCase {
	return []testCase{
		{name: "names/unicode", run: func(c *check) {
			names := []string{"é" /* composed */, "e\u0301" /* and not */, "日本語", "Ω", "😀", "a b", " lead", "trail ", "tab\there"}
			for _, n := range names {
				c.write(n, n)
			}
			slices.Sort(names)
			equal(c, "names", fmt.Sprintf("%q", c.names(".")), fmt.Sprintf("%q", names))
			for _, n := range names {
				c.reads(n, n)
			}
		}},
		{name: "names/what other systems reserve", run: func(c *check) {
			names := []string{`back\slash`, "colon:colon", `quote"`, "star*", "what?", "<>|", "CON", "nul.txt", "dot.", "new\nline", "~", "-rf", "..."}
			for _, n := range names {
				c.write(n, n)
			}
			slices.Sort(names)
			equal(c, "names", fmt.Sprintf("%q", c.names(".")), fmt.Sprintf("%q", names))
		}},
		{name: "names/not UTF-8", run: func(c *check) {
			c.write("\xff\xfe", "x")
			equal(c, "names", fmt.Sprintf("%q", c.names(".")), `["\xff\xfe"]`)
			c.reads("\xff\xfe", "x")
		}},
		{name: "names/case matters", run: func(c *check) {
			c.write("File", "1")
			c.write("file", "2")
			c.reads("File", "1")
			c.reads("file", "2")
			equal(c, "names", len(c.names(".")), 2)
			c.gone("FILE")
		}},
		{name: "names/255 bytes", run: func(c *check) {
			for _, n := range []string{strings.Repeat("n", 255), strings.Repeat("é", 127) + "x"} {
				c.write(n, "x")
				c.reads(n, "x")
				c.must(os.Rename(c.at(n), c.at("short")))
				c.must(os.Rename(c.at("short"), c.at(n)))
			}
			equal(c, "names", len(c.names(".")), 2)
			long := c.at(strings.Repeat("n", 256))
			c.is(unix.Mkdir(long, 0o755), "mkdir", unix.ENAMETOOLONG)
			c.is(unix.Symlink("x", long), "symlink", unix.ENAMETOOLONG)
			c.is(unix.Unlink(long), "unlink", unix.ENAMETOOLONG)
			var st unix.Stat_t
			c.is(unix.Lstat(long, &st), "lstat", unix.ENAMETOOLONG)
		}},
		{name: "names/deeper than a path can be long", run: deepFolders},
		{name: "names/dots", run: func(c *check) {
			d := c.mkdir("d")
			c.is(unix.Rmdir(d+"/."), "rmdir .", unix.EINVAL)
			c.is(unix.Rmdir(d+"/.."), "rmdir ..", unix.ENOTEMPTY)
			c.is(unix.Mkdir(d+"/.", 0o755), "mkdir .", unix.EEXIST)
			c.is(unix.Rename(d+"/.", c.at("e")), "rename .", unix.EBUSY, unix.EINVAL)
			var st unix.Stat_t
			c.must(unix.Stat(d+"/..", &st))
			equal(c, "inode of ..", st.Ino, c.stat(".").Ino)
			c.write("f", "x")
			c.is(unix.Stat(c.at("f")+"/", &st), "stat f/", unix.ENOTDIR)
			c.is(unix.Stat(c.at("f")+"/..", &st), "stat f/..", unix.ENOTDIR)
		}},
	}
}

// deepFolders makes folders in folders, one by one.
func deepFolders(c *check) {
	const levels = 60
	name := strings.Repeat("d", 100)
	fd := c.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	for i := range levels {
		c.must(wrap(fmt.Sprint("mkdir ", i), unix.Mkdirat(fd, name, 0o755)))
		next, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		c.must(wrap(fmt.Sprint("open ", i), err))
		_ = unix.Close(fd)
		fd = next
	}
	f, err := unix.Openat(fd, "f", unix.O_CREAT|unix.O_RDWR, 0o644)
	c.must(err)
	_, err = unix.Write(f, []byte("deep"))
	c.must(err)
	c.must(unix.Close(f))
	var st unix.Stat_t
	c.must(unix.Fstatat(fd, "f", &st, 0))
	equal(c, "size", st.Size, 4)
	c.is(unix.Stat(c.at(strings.Repeat(name+"/", levels)), &st), "stat of the whole path", unix.ENAMETOOLONG)
	c.must(unix.Unlinkat(fd, "f", 0))
	for range levels {
		up, err := unix.Openat(fd, "..", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		c.must(wrap("open ..", err))
		_ = unix.Close(fd)
		fd = up
		c.must(unix.Unlinkat(fd, name, unix.AT_REMOVEDIR))
	}
	_ = unix.Close(fd)
}
