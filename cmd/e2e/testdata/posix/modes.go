package main

import (
	"os"

	"golang.org/x/sys/unix"
)

func modeCases() []testCase {
	return []testCase{
		{name: "chmod/all bits", run: func(c *check) {
			f, d := c.write("f", "x"), c.mkdir("d")
			for _, mode := range []uint32{0, 0o400, 0o644, 0o755, 0o777, 0o4755, 0o2755, 0o1777, 0o7777, 0o6711} {
				c.must(wrap("chmod", unix.Chmod(f, mode)))
				equal(c, "file's mode", c.stat("f").Mode&0o7777, mode)
				c.must(wrap("chmod", unix.Chmod(d, mode)))
				equal(c, "folder's mode", c.stat("d").Mode&0o7777, mode)
			}
			c.must(unix.Chmod(d, 0o755))
		}},
		{name: "chmod/changes ctime only", run: func(c *check) {
			f := c.write("f", "x")
			before := c.stat("f")
			later()
			c.must(unix.Chmod(f, 0o600))
			after := c.stat("f")
			if ns(after.Ctim) <= ns(before.Ctim) {
				c.failf("ctime stays")
			}
			equal(c, "mtime", ns(after.Mtim), ns(before.Mtim))
		}},
		{name: "chmod/errors", run: func(c *check) {
			c.is(unix.Chmod(c.at("none"), 0o600), "of nothing", unix.ENOENT)
			c.must(os.Symlink("none", c.at("s")))
			c.is(unix.Chmod(c.at("s"), 0o600), "of what a link leads to", unix.ENOENT)
		}},
		{name: "chmod/of an open file keeps the rights it was opened with", run: func(c *check) {
			f := c.write("f", "x")
			fd := c.open("f", unix.O_RDWR, 0)
			defer unix.Close(fd)
			c.must(unix.Chmod(f, 0))
			_, err := unix.Pwrite(fd, []byte("y"), 0)
			c.is(err, "write", 0)
			_, err = unix.Pread(fd, make([]byte, 1), 0)
			c.is(err, "read", 0)
			c.must(unix.Fchmod(fd, 0o640))
			equal(c, "mode", c.stat("f").Mode&0o7777, 0o640)
		}},
		{name: "chmod/setgid folder hands its group on", run: func(c *check) {
			c.skipUnlessRoot()
			d := c.mkdir("d")
			c.must(unix.Chown(d, 0, 1234))
			c.must(unix.Chmod(d, 0o2775))
			c.write("d/f", "x")
			c.mkdir("d/e")
			equal(c, "file's group", c.stat("d/f").Gid, 1234)
			equal(c, "folder's group", c.stat("d/e").Gid, 1234)
			equal(c, "folder's setgid", c.stat("d/e").Mode&unix.S_ISGID, unix.S_ISGID)
		}},
		{name: "chmod/writing drops setuid", run: func(c *check) {
			c.skipUnlessRoot()
			f := c.write("f", "x")
			c.must(unix.Chown(f, 1000, 1000))
			c.must(unix.Chmod(c.dir, 0o777))
			c.must(unix.Chmod(f, 0o4777))
			c.is(c.as(1000, 1000, nil, "write", f), "write", 0)
			equal(c, "mode", c.stat("f").Mode&0o7777, 0o777)
		}},
	}
}

func timeCases() []testCase {
	return []testCase{
		{name: "times/nanoseconds", run: func(c *check) {
			f := c.write("f", "x")
			for _, t := range []unix.Timespec{{Sec: 1_234_567_890, Nsec: 123_456_789}, {Sec: 0, Nsec: 1}, {Sec: 4_000_000_000, Nsec: 999_999_999}} {
				a := unix.Timespec{Sec: t.Sec + 1, Nsec: t.Nsec - 1}
				c.must(unix.UtimesNanoAt(unix.AT_FDCWD, f, []unix.Timespec{a, t}, 0))
				st := c.stat("f")
				equal(c, "mtime", ns(st.Mtim), ns(t))
				equal(c, "atime", ns(st.Atim), ns(a))
			}
		}},
		{name: "times/before 1970", run: func(c *check) {
			f := c.write("f", "x")
			t := unix.Timespec{Sec: -1000, Nsec: 7}
			c.must(unix.UtimesNanoAt(unix.AT_FDCWD, f, []unix.Timespec{t, t}, 0))
			equal(c, "mtime", ns(c.stat("f").Mtim), ns(t))
		}},
		{name: "times/omit and now", run: func(c *check) {
			f := c.write("f", "x")
			old := unix.Timespec{Sec: 1000}
			c.must(unix.UtimesNanoAt(unix.AT_FDCWD, f, []unix.Timespec{old, old}, 0))
			c.must(unix.UtimesNanoAt(unix.AT_FDCWD, f, []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_NOW}}, 0))
			st := c.stat("f")
			equal(c, "atime", ns(st.Atim), ns(old))
			if st.Mtim.Sec < 1_600_000_000 {
				c.failf("mtime is %d", st.Mtim.Sec)
			}
		}},
		{name: "times/writing", run: func(c *check) {
			c.write("f", "x")
			before := c.stat("f")
			later()
			fd := c.open("f", unix.O_WRONLY, 0)
			_, err := unix.Write(fd, []byte("y"))
			c.must(err)
			c.must(unix.Close(fd))
			after := c.stat("f")
			if ns(after.Mtim) <= ns(before.Mtim) || ns(after.Ctim) <= ns(before.Ctim) {
				c.failf("times stay: mtime %d then %d", ns(before.Mtim), ns(after.Mtim))
			}
		}},
		{name: "times/set on an open file that was written", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			_, err := unix.Write(fd, []byte("data"))
			c.must(err)
			t := unix.Timespec{Sec: 1_111_111_111, Nsec: 11}
			c.must(unix.UtimesNanoAt(unix.AT_FDCWD, c.at("f"), []unix.Timespec{t, t}, 0))
			c.must(unix.Close(fd))
			equal(c, "mtime after close", ns(c.stat("f").Mtim), ns(t))
			c.reads("f", "data")
			equal(c, "mtime after reading", ns(c.stat("f").Mtim), ns(t))
		}},
		{name: "times/size and mtime by fstat at once", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			var st unix.Stat_t
			for i := range 50 {
				_, err := unix.Write(fd, []byte("0123456789"))
				c.must(err)
				c.must(unix.Fstat(fd, &st))
				equal(c, "size by the descriptor", st.Size, int64(10*(i+1)))
				equal(c, "size by the name", c.stat("f").Size, int64(10*(i+1)))
			}
		}},
		{name: "times/clock is the system's", run: func(c *check) {
			var now unix.Timespec
			c.must(unix.ClockGettime(unix.CLOCK_REALTIME, &now))
			c.write("f", "x")
			if off := c.stat("f").Mtim.Sec - now.Sec; off < -2 || off > 2 {
				c.failf("a new file's mtime is off by %d s", off)
			}
		}},
	}
}
