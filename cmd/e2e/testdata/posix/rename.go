package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func renameCases() []testCase {
	return []testCase{
		{name: "rename/file", run: func(c *check) {
			c.write("f", "x")
			before := c.stat("f")
			c.must(os.Rename(c.at("f"), c.at("g")))
			c.gone("f")
			c.reads("g", "x")
			equal(c, "inode", c.stat("g").Ino, before.Ino)
			equal(c, "names", fmt.Sprint(c.names(".")), "[g]")
		}},
		{name: "rename/over a file that is open", run: func(c *check) {
			c.write("old", "old")
			c.write("new", "new")
			fd := c.open("old", unix.O_RDWR, 0)
			defer unix.Close(fd)
			c.must(os.Rename(c.at("new"), c.at("old")))
			buf := make([]byte, 9)
			n, err := unix.Pread(fd, buf, 0)
			c.must(err)
			equal(c, "by the descriptor", string(buf[:n]), "old")
			_, err = unix.Pwrite(fd, []byte("OLD"), 0)
			c.must(err)
			c.reads("old", "new")
			var st unix.Stat_t
			c.must(unix.Fstat(fd, &st))
			equal(c, "links of what was there", st.Nlink, 0)
		}},
		{name: "rename/of a file that is open", run: func(c *check) {
			c.write("f", "x")
			fd := c.open("f", unix.O_RDWR, 0)
			c.must(os.Rename(c.at("f"), c.at("g")))
			_, err := unix.Pwrite(fd, []byte("later"), 0)
			c.must(err)
			c.must(unix.Fsync(fd))
			c.must(unix.Close(fd))
			c.reads("g", "later")
			c.gone("f")
		}},
		{name: "rename/folder with content", run: func(c *check) {
			c.mkdir("a")
			c.mkdir("a/b")
			c.write("a/b/f", "x")
			fd := c.open("a/b", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			defer unix.Close(fd)
			c.mkdir("to")
			c.must(os.Rename(c.at("a"), c.at("to/a")))
			c.gone("a")
			c.reads("to/a/b/f", "x")
			g, err := unix.Openat(fd, "g", unix.O_CREAT|unix.O_WRONLY, 0o644)
			c.must(wrap("create by the old descriptor", err))
			c.must(unix.Close(g))
			equal(c, "names", fmt.Sprint(c.names("to/a/b")), "[f g]")
			var st unix.Stat_t
			c.must(unix.Stat(c.at("to/a/.."), &st))
			equal(c, "inode of ..", st.Ino, c.stat("to").Ino)
		}},
		{name: "rename/errors", run: func(c *check) {
			c.write("f", "x")
			c.mkdir("d")
			c.mkdir("full")
			c.write("full/f", "x")
			ren := func(from, to string) error { return unix.Rename(c.at(from), c.at(to)) }
			c.is(ren("f", "d"), "file over folder", unix.EISDIR)
			c.is(ren("d", "f"), "folder over file", unix.ENOTDIR)
			c.is(ren("d", "full"), "folder over a full one", unix.ENOTEMPTY, unix.EEXIST)
			c.is(ren("d", "d/in"), "folder into itself", unix.EINVAL)
			c.is(ren("full/f", "full"), "over the folder it is in", unix.ENOTEMPTY, unix.EISDIR)
			c.is(ren("none", "x"), "nothing", unix.ENOENT)
			c.is(ren("f", "none/x"), "to nowhere", unix.ENOENT)
			c.is(ren("f", "f/x"), "into a file", unix.ENOTDIR)
			c.is(ren("f", "f"), "to itself", 0)
			c.reads("f", "x")
		}},
		{name: "rename/folder over an empty one", run: func(c *check) {
			c.mkdir("a")
			c.write("a/f", "x")
			c.mkdir("b")
			c.must(unix.Rename(c.at("a"), c.at("b")))
			c.reads("b/f", "x")
			c.gone("a")
		}},
		{name: "rename/of two names of one file does nothing", run: func(c *check) {
			c.write("f", "x")
			c.must(os.Link(c.at("f"), c.at("g")))
			c.must(unix.Rename(c.at("f"), c.at("g")))
			equal(c, "names", fmt.Sprint(c.names(".")), "[f g]")
		}},
		{name: "rename/NOREPLACE", run: func(c *check) {
			c.write("f", "x")
			c.write("g", "y")
			c.is(unix.Renameat2(unix.AT_FDCWD, c.at("f"), unix.AT_FDCWD, c.at("g"), unix.RENAME_NOREPLACE), "over a file", unix.EEXIST)
			c.reads("g", "y")
			c.is(unix.Renameat2(unix.AT_FDCWD, c.at("f"), unix.AT_FDCWD, c.at("h"), unix.RENAME_NOREPLACE), "to a new name", 0)
			c.reads("h", "x")
		}},
		{name: "rename/EXCHANGE", run: func(c *check) {
			c.write("f", "x")
			c.mkdir("d")
			c.write("d/in", "y")
			c.is(unix.Renameat2(unix.AT_FDCWD, c.at("f"), unix.AT_FDCWD, c.at("d"), unix.RENAME_EXCHANGE), "exchange", 0)
			c.reads("d", "x")
			c.reads("f/in", "y")
		}},
		{name: "rename/only the case", run: func(c *check) {
			c.write("Name", "x")
			c.must(unix.Rename(c.at("Name"), c.at("name")))
			equal(c, "names", fmt.Sprint(c.names(".")), "[name]")
		}},
		{name: "rename/changes the folders' mtime", run: func(c *check) {
			c.mkdir("a")
			c.mkdir("b")
			c.write("a/f", "x")
			a, b := c.stat("a"), c.stat("b")
			later()
			c.must(os.Rename(c.at("a/f"), c.at("b/f")))
			if ns(c.stat("a").Mtim) <= ns(a.Mtim) || ns(c.stat("b").Mtim) <= ns(b.Mtim) {
				c.failf("an mtime stays")
			}
		}},
		{name: "rename/replaced again and again", run: func(c *check) {
			for i := range 200 {
				text := fmt.Sprint("version ", i)
				c.write("tmp", text)
				c.must(os.Rename(c.at("tmp"), c.at("f")))
				c.reads("f", text)
			}
			equal(c, "names", fmt.Sprint(c.names(".")), "[f]")
		}},
	}
}

func removeCases() []testCase {
	return []testCase{
		{name: "unlink/open file lives on", run: func(c *check) {
			f := c.write("f", "content")
			fd := c.open("f", unix.O_RDWR, 0)
			c.must(unix.Unlink(f))
			c.gone("f")
			equal(c, "names", len(c.names(".")), 0)
			buf := make([]byte, 7)
			_, err := unix.Pread(fd, buf, 0)
			c.must(wrap("read", err))
			equal(c, "read", string(buf), "content")
			_, err = unix.Pwrite(fd, []byte("more"), 100_000)
			c.must(wrap("write", err))
			c.must(wrap("fchmod", unix.Fchmod(fd, 0o600)))
			c.must(wrap("ftruncate", unix.Ftruncate(fd, 50)))
			var st unix.Stat_t
			c.must(unix.Fstat(fd, &st))
			equal(c, "size", st.Size, 50)
			equal(c, "mode", st.Mode&0o777, 0o600)
			equal(c, "links", st.Nlink, 0)
			c.must(unix.Close(fd))
		}},
		{name: "unlink/and made again", run: func(c *check) {
			c.write("f", "first")
			fd := c.open("f", unix.O_RDONLY, 0)
			defer unix.Close(fd)
			for i := range 50 {
				c.must(unix.Unlink(c.at("f")))
				c.write("f", fmt.Sprint(i))
				c.reads("f", fmt.Sprint(i))
			}
			buf := make([]byte, 9)
			n, err := unix.Pread(fd, buf, 0)
			c.must(err)
			equal(c, "the first", string(buf[:n]), "first")
		}},
		{name: "unlink/errors", run: func(c *check) {
			c.mkdir("d")
			c.write("f", "x")
			c.is(unix.Unlink(c.at("d")), "of a folder", unix.EISDIR)
			c.is(unix.Unlink(c.at("none")), "of nothing", unix.ENOENT)
			c.is(unix.Unlink(c.at("f/x")), "in a file", unix.ENOTDIR)
			c.is(unix.Rmdir(c.at("f")), "rmdir of a file", unix.ENOTDIR)
			c.write("d/f", "x")
			c.is(unix.Rmdir(c.at("d")), "rmdir of a full folder", unix.ENOTEMPTY, unix.EEXIST)
			c.must(os.Remove(c.at("d/f")))
			c.is(unix.Rmdir(c.at("d")), "rmdir", 0)
		}},
		{name: "unlink/removed folder that is open", run: func(c *check) {
			c.mkdir("d")
			fd := c.open("d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			defer unix.Close(fd)
			c.must(unix.Rmdir(c.at("d")))
			_, err := unix.Openat(fd, "f", unix.O_CREAT|unix.O_WRONLY, 0o644)
			c.is(err, "create in it", unix.ENOENT)
			var st unix.Stat_t
			c.is(unix.Fstat(fd, &st), "fstat", 0)
		}},
		{name: "unlink/whole tree", run: func(c *check) {
			for i := range 10 {
				c.must(os.MkdirAll(c.at(fmt.Sprintf("t/%d/%d", i, i)), 0o755))
				for j := range 10 {
					c.write(fmt.Sprintf("t/%d/%d/%d", i, i, j), "x")
				}
			}
			c.must(os.RemoveAll(c.at("t")))
			c.gone("t")
		}},
	}
}
