package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func xattrCases() []testCase {
	return []testCase{
		{name: "xattr/set, get, list, remove", run: func(c *check) {
			f := c.write("f", "x")
			value := bytes.Repeat([]byte{0, 1, 255}, 500)
			c.must(wrap("set", unix.Setxattr(f, "user.one", value, 0)))
			c.must(wrap("set", unix.Setxattr(f, "user.empty", nil, 0)))
			buf := make([]byte, 4096)
			n, err := unix.Getxattr(f, "user.one", buf)
			c.must(wrap("get", err))
			if !bytes.Equal(buf[:n], value) {
				c.failf("another value comes back")
			}
			n, err = unix.Listxattr(f, buf)
			c.must(wrap("list", err))
			names := strings.Split(strings.TrimRight(string(buf[:n]), "\x00"), "\x00")
			names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, "user.") })
			slices.Sort(names)
			equal(c, "names", fmt.Sprint(names), "[user.empty user.one]")
			c.must(unix.Removexattr(f, "user.one"))
			_, err = unix.Getxattr(f, "user.one", buf)
			c.is(err, "get what was removed", unix.ENODATA)
		}},
		{name: "xattr/errors", run: func(c *check) {
			f := c.write("f", "x")
			c.must(wrap("set", unix.Setxattr(f, "user.a", []byte("12345"), unix.XATTR_CREATE)))
			c.is(unix.Setxattr(f, "user.a", nil, unix.XATTR_CREATE), "create again", unix.EEXIST)
			c.is(unix.Setxattr(f, "user.b", nil, unix.XATTR_REPLACE), "replace nothing", unix.ENODATA)
			_, err := unix.Getxattr(f, "user.a", make([]byte, 2))
			c.is(err, "get into little", unix.ERANGE)
			n, err := unix.Getxattr(f, "user.a", nil)
			c.is(err, "ask for the size", 0)
			equal(c, "size", n, 5)
			c.is(unix.Removexattr(f, "user.none"), "remove nothing", unix.ENODATA)
			c.is(unix.Setxattr(f, "nonsense", nil, 0), "without a namespace", unix.EOPNOTSUPP)
		}},
		{name: "xattr/of folders, kept by rename", run: func(c *check) {
			d := c.mkdir("d")
			c.must(wrap("set", unix.Setxattr(d, "user.a", []byte("x"), 0)))
			c.must(os.Rename(d, c.at("e")))
			buf := make([]byte, 9)
			n, err := unix.Getxattr(c.at("e"), "user.a", buf)
			c.must(err)
			equal(c, "value", string(buf[:n]), "x")
		}},
		{name: "xattr/capabilities of programs", run: func(c *check) {
			c.skipUnlessRoot()
			f := c.write("f", "x")
			capability := []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
			err := unix.Setxattr(f, "security.capability", capability, 0)
			if err == unix.EPERM {
				c.skip("needs CAP_SETFCAP")
			}
			c.must(wrap("set", err))
			buf := make([]byte, 64)
			n, err := unix.Getxattr(f, "security.capability", buf)
			c.must(wrap("get", err))
			equal(c, "value", string(buf[:n]), string(capability))
		}},
		{name: "xattr/access control lists", run: func(c *check) {
			f := c.write("f", "x")
			acl := []byte{2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xe8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255}
			c.must(wrap("set", unix.Setxattr(f, "system.posix_acl_access", acl, 0)))
			buf := make([]byte, 128)
			n, err := unix.Getxattr(f, "system.posix_acl_access", buf)
			c.must(wrap("get", err))
			equal(c, "length", n, len(acl))
		}},
	}
}

func lockCases() []testCase {
	return []testCase{
		{name: "lock/flock", run: func(c *check) {
			f := c.write("f", "x")
			a := c.open("f", unix.O_RDWR, 0)
			c.must(unix.Flock(a, unix.LOCK_EX))
			c.is(c.other("flock", f), "another process locks", unix.EWOULDBLOCK)
			b := c.open("f", unix.O_RDONLY, 0)
			c.is(unix.Flock(b, unix.LOCK_SH|unix.LOCK_NB), "another descriptor locks", unix.EWOULDBLOCK)
			c.must(unix.Flock(a, unix.LOCK_SH))
			c.is(unix.Flock(b, unix.LOCK_SH|unix.LOCK_NB), "both share", 0)
			c.must(unix.Close(b))
			c.must(unix.Close(a))
			c.is(c.other("flock", f), "after the close", 0)
		}},
		{name: "lock/fcntl ranges", run: func(c *check) {
			f := c.write("f", strings.Repeat("x", 100))
			fd := c.open("f", unix.O_RDWR, 0)
			set := func(kind int16, start, length int64) error {
				return unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &unix.Flock_t{Type: kind, Start: start, Len: length})
			}
			c.must(set(unix.F_WRLCK, 15, 1))
			c.is(c.other("lock", f), "overlapping range", unix.EAGAIN, unix.EACCES)
			c.must(set(unix.F_UNLCK, 15, 1))
			c.must(set(unix.F_WRLCK, 20, 5))
			c.is(c.other("lock", f), "range beside it", 0)
			c.must(set(unix.F_WRLCK, 0, 0))
			other := c.open("f", unix.O_RDONLY, 0)
			c.must(unix.Close(other)) // which drops the process's locks
			c.is(c.other("lock", f), "after a close of another descriptor", 0)
			c.must(unix.Close(fd))
		}},
		{name: "lock/of open file descriptions", run: func(c *check) {
			c.write("f", "x")
			a, b := c.open("f", unix.O_RDWR, 0), c.open("f", unix.O_RDWR, 0)
			c.must(unix.FcntlFlock(uintptr(a), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}))
			c.is(unix.FcntlFlock(uintptr(b), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}), "second lock", unix.EAGAIN)
			got := unix.Flock_t{Type: unix.F_WRLCK}
			c.must(unix.FcntlFlock(uintptr(b), unix.F_OFD_GETLK, &got))
			equal(c, "lock there is", got.Type, int16(unix.F_WRLCK))
			c.must(unix.Close(a))
			c.is(unix.FcntlFlock(uintptr(b), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}), "after the close", 0)
			c.must(unix.Close(b))
		}},
		{name: "lock/waits", run: func(c *check) {
			c.write("f", "x")
			a, b := c.open("f", unix.O_RDWR, 0), c.open("f", unix.O_RDWR, 0)
			c.must(unix.Flock(a, unix.LOCK_EX))
			got := make(chan error, 1)
			go func() { got <- unix.Flock(b, unix.LOCK_EX) }()
			select {
			case err := <-got:
				c.failf("it did not wait: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
			c.must(unix.Flock(a, unix.LOCK_UN))
			select {
			case err := <-got:
				c.is(err, "lock", 0)
			case <-time.After(10 * time.Second):
				c.failf("it waits for ever")
			}
			c.must(unix.Close(a))
			c.must(unix.Close(b))
		}},
	}
}

func specialCases() []testCase {
	return []testCase{
		{name: "special/fifo", run: func(c *check) {
			c.must(wrap("mkfifo", unix.Mkfifo(c.at("p"), 0o640)))
			equal(c, "mode", c.stat("p").Mode, unix.S_IFIFO|0o640)
			got := make(chan string, 1)
			go func() {
				b, err := os.ReadFile(c.at("p"))
				got <- fmt.Sprint(string(b), err)
			}()
			c.must(wrap("write", os.WriteFile(c.at("p"), []byte("through"), 0)))
			select {
			case text := <-got:
				equal(c, "read", text, "through<nil>")
			case <-time.After(10 * time.Second):
				c.failf("nothing comes through")
			}
		}},
		{name: "special/unix socket", run: func(c *check) {
			here, err := os.Getwd()
			c.must(err)
			c.must(os.Chdir(c.dir)) // for a short path
			defer func() { _ = os.Chdir(here) }()
			l, err := net.Listen("unix", "s")
			c.must(wrap("listen", err))
			defer l.Close()
			equal(c, "type", c.stat("s").Mode&unix.S_IFMT, unix.S_IFSOCK)
			go func() {
				if conn, err := l.Accept(); err == nil {
					_, _ = conn.Write([]byte("hi"))
					_ = conn.Close()
				}
			}()
			conn, err := net.Dial("unix", "s")
			c.must(wrap("connect", err))
			buf := make([]byte, 2)
			_, err = conn.Read(buf)
			c.must(err)
			equal(c, "read", string(buf), "hi")
			_ = conn.Close()
		}},
		{name: "special/device nodes", run: func(c *check) {
			c.skipUnlessRoot()
			err := unix.Mknod(c.at("null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))
			c.must(wrap("mknod", err))
			equal(c, "type", c.stat("null").Mode&unix.S_IFMT, unix.S_IFCHR)
		}},
		{name: "special/inodes stay and differ", run: func(c *check) {
			seen := map[uint64]string{}
			first := map[string]uint64{}
			for i := range 100 {
				name := fmt.Sprint("f", i)
				c.write(name, "x")
				ino := c.stat(name).Ino
				if other, ok := seen[ino]; ok {
					c.failf("%s and %s have the same inode", name, other)
				}
				seen[ino], first[name] = name, ino
			}
			dev := c.stat(".").Dev
			for name, ino := range first {
				equal(c, "inode of "+name, c.stat(name).Ino, ino)
				equal(c, "device of "+name, c.stat(name).Dev, dev)
			}
		}},
	}
}

func eventCases() []testCase {
	return []testCase{
		{name: "events/own changes", run: func(c *check) {
			c.mkdir("d")
			fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
			c.must(err)
			defer unix.Close(fd)
			_, err = unix.InotifyAddWatch(fd, c.at("d"), unix.IN_CREATE|unix.IN_CLOSE_WRITE|unix.IN_MOVE|unix.IN_DELETE|unix.IN_ATTRIB)
			c.must(err)
			c.write("d/f", "x")
			c.must(os.Chmod(c.at("d/f"), 0o600))
			c.must(os.Rename(c.at("d/f"), c.at("d/g")))
			c.must(os.Remove(c.at("d/g")))
			buf := make([]byte, 4096)
			n, err := unix.Read(fd, buf)
			c.must(wrap("read events", err))
			var got []string
			for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
				mask := uint32(b[4]) | uint32(b[5])<<8
				length := int(b[12]) | int(b[13])<<8
				name := strings.TrimRight(string(b[16:16+length]), "\x00")
				kinds := map[uint32]string{unix.IN_CREATE: "create", unix.IN_CLOSE_WRITE: "close", unix.IN_ATTRIB: "attrib", unix.IN_MOVED_FROM: "from", unix.IN_MOVED_TO: "to", unix.IN_DELETE: "delete"}
				got = append(got, kinds[mask]+" "+name)
				b = b[16+length:]
			}
			equal(c, "events", strings.Join(got, ","), "create f,close f,attrib f,from f,to g,delete g")
		}},
	}
}
