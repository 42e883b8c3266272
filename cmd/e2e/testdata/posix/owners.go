package main

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func ownerCases() []testCase {
	return []testCase{
		{name: "owner/of what is made", run: func(c *check) {
			c.write("f", "x")
			c.mkdir("d")
			c.must(os.Symlink("x", c.at("s")))
			for _, n := range []string{"f", "d", "s"} {
				st := c.stat(n)
				equal(c, n+"'s owner", fmt.Sprint(st.Uid, ":", st.Gid), fmt.Sprint(os.Getuid(), ":", os.Getgid()))
			}
		}},
		{name: "owner/chown", run: func(c *check) {
			c.skipUnlessRoot()
			f, d := c.write("f", "x"), c.mkdir("d")
			c.must(os.Symlink("f", c.at("s")))
			c.must(wrap("chown", unix.Chown(f, 70, 71)))
			c.must(wrap("chown", unix.Chown(d, 999, -1)))
			c.must(wrap("lchown", unix.Lchown(c.at("s"), 5, 6)))
			owner := func(n string) string { st := c.stat(n); return fmt.Sprint(st.Uid, ":", st.Gid) }
			equal(c, "file", owner("f"), "70:71")
			equal(c, "folder", owner("d"), "999:0")
			equal(c, "link", owner("s"), "5:6")
			c.must(unix.Chown(f, -1, 80))
			equal(c, "file", owner("f"), "70:80")
			c.must(os.Rename(f, c.at("g")))
			equal(c, "after a rename", owner("g"), "70:80")
			c.must(os.Link(c.at("g"), c.at("h")))
			equal(c, "by another name", owner("h"), "70:80")
		}},
		{name: "owner/of what another user makes", run: func(c *check) {
			c.skipUnlessRoot()
			d := c.mkdir("d")
			c.must(unix.Chown(d, 70, 70))
			c.must(unix.Chmod(d, 0o700))
			c.is(c.as(70, 70, nil, "create", d+"/f"), "create", 0)
			c.is(c.as(70, 70, nil, "mkdir", d+"/e"), "mkdir", 0)
			for _, n := range []string{"d/f", "d/e"} {
				st := c.stat(n)
				equal(c, n, fmt.Sprint(st.Uid, ":", st.Gid), "70:70")
			}
			c.is(c.as(70, 70, nil, "chmod", d+"/f"), "chmod of its own", 0)
			equal(c, "mode", c.stat("d/f").Mode&0o7777, 0o600)
			c.is(c.as(70, 70, nil, "unlink", d+"/f"), "unlink of its own", 0)
		}},
		{name: "owner/chown drops setuid", run: func(c *check) {
			c.skipUnlessRoot()
			f := c.write("f", "x")
			c.must(unix.Chmod(f, 0o6755))
			c.must(unix.Chown(f, 1, 1))
			equal(c, "mode", c.stat("f").Mode&0o7777, 0o755)
		}},
		{name: "access/of others", run: accessOfOthers},
		{name: "access/by group", run: func(c *check) {
			c.skipUnlessRoot()
			f := c.write("f", "x")
			c.must(unix.Chown(f, 0, 500))
			c.must(unix.Chmod(f, 0o640))
			c.is(c.as(1000, 500, nil, "read", f), "with the group", 0)
			c.is(c.as(1000, 1000, []uint32{500}, "read", f), "with it among others", 0)
			c.is(c.as(1000, 1000, nil, "read", f), "without it", unix.EACCES)
			c.is(c.as(1000, 500, nil, "write", f), "write with the group", unix.EACCES)
		}},
		{name: "access/owner without rights", run: func(c *check) {
			c.skipUnlessRoot()
			f := c.write("f", "x")
			c.must(unix.Chown(f, 1000, 1000))
			c.must(unix.Chmod(f, 0o044))
			c.is(c.as(1000, 1000, nil, "read", f), "owner reads", unix.EACCES)
			c.is(c.as(1001, 1001, nil, "read", f), "others read", 0)
			c.must(unix.Chmod(f, 0o444))
			c.is(c.as(1000, 1000, nil, "write", f), "owner writes what is for reading", unix.EACCES)
		}},
		{name: "access/sticky folder", run: func(c *check) {
			c.skipUnlessRoot()
			d := c.mkdir("d")
			c.must(unix.Chmod(d, 0o1777))
			c.is(c.as(1000, 1000, nil, "create", d+"/f"), "create", 0)
			c.is(c.as(1001, 1001, nil, "unlink", d+"/f"), "unlink of another's", unix.EPERM)
			c.is(c.as(1001, 1001, nil, "rename", d+"/f", d+"/g"), "rename of another's", unix.EPERM)
			c.is(c.as(1000, 1000, nil, "unlink", d+"/f"), "unlink of its own", 0)
		}},
		{name: "access/changes by others", run: changesByOthers},
	}
}

func accessOfOthers(c *check) {
	c.skipUnlessRoot()
	f, d, closed := c.write("f", "secret"), c.mkdir("d"), c.mkdir("closed")
	c.write("closed/in", "x")
	c.must(unix.Chmod(f, 0o600))
	c.must(unix.Chmod(closed, 0o700))
	for _, try := range []struct {
		want syscall.Errno
		args []string
	}{
		{unix.EACCES, []string{"read", f}},
		{unix.EACCES, []string{"write", f}},
		{unix.EACCES, []string{"truncate", f}},
		{unix.EACCES, []string{"create", d + "/new"}},
		{unix.EACCES, []string{"mkdir", d + "/new"}},
		{unix.EACCES, []string{"unlink", f}},
		{unix.EACCES, []string{"rename", f, d + "/f"}},
		{unix.EACCES, []string{"list", closed}},
		{unix.EACCES, []string{"read", closed + "/in"}},
		{0, []string{"list", d}},
	} {
		c.is(c.as(1000, 1000, nil, try.args...), try.args[0], try.want)
	}
	c.must(unix.Chmod(closed, 0o711))
	c.is(c.as(1000, 1000, nil, "list", closed), "list what may be gone through", unix.EACCES)
	c.is(c.as(1000, 1000, nil, "read", closed+"/in"), "read in what may be gone through", 0)
	c.must(unix.Chmod(closed, 0o744))
	c.is(c.as(1000, 1000, nil, "read", closed+"/in"), "read in what may not", unix.EACCES)
	c.reads("f", "secret")
}

func changesByOthers(c *check) {
	c.skipUnlessRoot()
	f := c.write("f", "x")
	c.must(unix.Chmod(f, 0o666))
	c.must(unix.Chmod(c.dir, 0o777))
	c.is(c.as(1000, 1000, nil, "chmod", f), "chmod", unix.EPERM)
	c.is(c.as(1000, 1000, nil, "chown", f), "chown", unix.EPERM)
	c.is(c.as(1000, 1000, nil, "settime", f), "set times", unix.EPERM)
	c.is(c.as(1000, 1000, nil, "touch", f), "touch what may be written", 0)
	c.must(unix.Chown(f, 1000, 1000))
	c.is(c.as(1000, 1000, nil, "chgrp", f, "2000"), "chgrp to a foreign group", unix.EPERM)
	c.is(c.as(1000, 1000, []uint32{2000}, "chgrp", f, "2000"), "chgrp to a group of its own", 0)
	equal(c, "group", c.stat("f").Gid, 2000)
	c.is(c.as(1001, 1001, nil, "chown", f), "take a file", unix.EPERM)
}
