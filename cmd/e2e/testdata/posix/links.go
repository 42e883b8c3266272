package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func linkCases() []testCase {
	return []testCase{
		{name: "link/shares the file", run: func(c *check) {
			f := c.write("f", "one")
			before := c.stat("f")
			later()
			c.must(os.Link(f, c.at("g")))
			a, b := c.stat("f"), c.stat("g")
			equal(c, "inode", a.Ino, b.Ino)
			equal(c, "links", a.Nlink, 2)
			equal(c, "links of the other", b.Nlink, 2)
			if ns(a.Ctim) <= ns(before.Ctim) {
				c.failf("ctime stays")
			}
			c.must(os.WriteFile(c.at("g"), []byte("two!"), 0))
			c.reads("f", "two!")
			equal(c, "size by the other name", c.stat("f").Size, 4)
			c.must(os.Chmod(f, 0o600))
			equal(c, "mode by the other name", c.stat("g").Mode&0o7777, 0o600)
			c.must(os.Remove(f))
			equal(c, "links", c.stat("g").Nlink, 1)
			c.reads("g", "two!")
		}},
		{name: "link/errors", run: func(c *check) {
			f, d := c.write("f", "x"), c.mkdir("d")
			c.write("g", "y")
			c.is(unix.Link(f, c.at("g")), "over a file", unix.EEXIST)
			c.is(unix.Link(d, c.at("e")), "of a folder", unix.EPERM)
			c.is(unix.Link(c.at("none"), c.at("e")), "of nothing", unix.ENOENT)
			c.is(unix.Link(f, c.at("none/e")), "to nowhere", unix.ENOENT)
			c.is(unix.Link(f, f+"/e"), "into a file", unix.ENOTDIR)
		}},
		{name: "link/of a symbolic link", run: func(c *check) {
			c.must(os.Symlink("to", c.at("s")))
			c.must(os.Link(c.at("s"), c.at("t")))
			equal(c, "inode", c.stat("s").Ino, c.stat("t").Ino)
			got, err := os.Readlink(c.at("t"))
			c.must(err)
			equal(c, "target", got, "to")
		}},
		{name: "link/to an open unlinked file fails", run: func(c *check) {
			f := c.write("f", "x")
			fd := c.open("f", unix.O_RDWR, 0)
			defer unix.Close(fd)
			c.must(unix.Unlink(f))
			c.is(unix.Linkat(fd, "", unix.AT_FDCWD, c.at("g"), unix.AT_EMPTY_PATH), "link", unix.ENOENT)
		}},
		{name: "symlink/reads back", run: func(c *check) {
			for name, target := range map[string]string{
				"short": "x", "absolute": "/etc/passwd", "up": "../../../../..", "long": strings.Repeat("t/", 2000), "unicode": "ü/日", "spaces": " a  b ",
			} {
				c.must(unix.Symlink(target, c.at(name)))
				got, err := os.Readlink(c.at(name))
				c.must(err)
				equal(c, name, got, target)
				st := c.stat(name)
				equal(c, name+"'s size", st.Size, int64(len(target)))
				equal(c, name+"'s mode", st.Mode, unix.S_IFLNK|0o777)
			}
		}},
		{name: "symlink/errors", run: func(c *check) {
			c.write("f", "x")
			c.is(unix.Symlink("x", c.at("f")), "over a file", unix.EEXIST)
			c.is(unix.Symlink("x", c.at("none/s")), "nowhere", unix.ENOENT)
			c.is(unix.Symlink("", c.at("s")), "to nothing", unix.ENOENT)
			_, err := unix.Readlink(c.at("f"), make([]byte, 10))
			c.is(err, "readlink of a file", unix.EINVAL)
			c.must(os.Symlink("b", c.at("a")))
			c.must(os.Symlink("a", c.at("b")))
			var st unix.Stat_t
			c.is(unix.Stat(c.at("a"), &st), "loop", unix.ELOOP)
			c.is(unix.Stat(c.at("a/x"), &st), "loop on the way", unix.ELOOP)
		}},
		{name: "symlink/is followed", run: func(c *check) {
			c.mkdir("d")
			c.write("d/f", "x")
			c.must(os.Symlink("d", c.at("s")))
			c.must(os.Symlink(c.at("d/f"), c.at("abs")))
			c.must(os.Symlink("d/made", c.at("new")))
			c.reads("s/f", "x")
			c.reads("abs", "x")
			c.must(os.WriteFile(c.at("new"), []byte("y"), 0o644))
			c.reads("d/made", "y")
			c.must(os.Remove(c.at("s")))
			c.reads("d/f", "x")
		}},
		{name: "symlink/has times of its own", run: func(c *check) {
			c.write("f", "x")
			c.must(os.Symlink("f", c.at("s")))
			want := unix.Timespec{Sec: 1_000_000_000, Nsec: 5}
			c.must(unix.UtimesNanoAt(unix.AT_FDCWD, c.at("s"), []unix.Timespec{want, want}, unix.AT_SYMLINK_NOFOLLOW))
			equal(c, "link's mtime", ns(c.stat("s").Mtim), ns(want))
			if ns(c.stat("f").Mtim) == ns(want) {
				c.failf("the file's mtime was changed")
			}
		}},
	}
}
