package main

import (
	"bytes"
	"os"

	"golang.org/x/sys/unix"
)

const page = 4096

// mapped maps the first pages of a file.
func (c *check) mapped(fd, length, prot, flags int) []byte {
	b, err := unix.Mmap(fd, 0, length, prot, flags)
	c.must(wrap("mmap", err))
	return b
}

func mapCases() []testCase {
	const rw = unix.PROT_READ | unix.PROT_WRITE
	return []testCase{
		{name: "mmap/shared writes are read", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), make([]byte, 3*page), 0o644))
			fd := c.open("f", unix.O_RDWR, 0)
			m := c.mapped(fd, 3*page, rw, unix.MAP_SHARED)
			copy(m[page:], "mapped")
			buf := make([]byte, 6)
			_, err := unix.Pread(fd, buf, page)
			c.must(err)
			equal(c, "read", string(buf), "mapped")
			c.must(unix.Msync(m, unix.MS_SYNC))
			c.must(unix.Munmap(m))
			c.must(unix.Close(fd))
			got, err := os.ReadFile(c.at("f"))
			c.must(err)
			equal(c, "read again", string(got[page:page+6]), "mapped")
		}},
		{name: "mmap/stays when the descriptor is closed", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), make([]byte, page), 0o644))
			fd := c.open("f", unix.O_RDWR, 0)
			m := c.mapped(fd, page, rw, unix.MAP_SHARED)
			c.must(unix.Close(fd))
			copy(m, "late")
			c.must(unix.Munmap(m))
			got, err := os.ReadFile(c.at("f"))
			c.must(err)
			equal(c, "read", string(got[:4]), "late")
		}},
		{name: "mmap/sees writes", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), make([]byte, page), 0o644))
			a, b := c.open("f", unix.O_RDWR, 0), c.open("f", unix.O_RDWR, 0)
			defer unix.Close(a)
			defer unix.Close(b)
			m, n := c.mapped(a, page, rw, unix.MAP_SHARED), c.mapped(b, page, unix.PROT_READ, unix.MAP_SHARED)
			_, err := unix.Pwrite(b, []byte("written"), 100)
			c.must(err)
			equal(c, "mapping", string(m[100:107]), "written")
			copy(m[200:], "stored")
			equal(c, "other mapping", string(n[200:206]), "stored")
			c.must(unix.Munmap(m))
			c.must(unix.Munmap(n))
		}},
		{name: "mmap/private writes are not seen", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), bytes.Repeat([]byte("a"), page), 0o644))
			fd := c.open("f", unix.O_RDONLY, 0)
			defer unix.Close(fd)
			m := c.mapped(fd, page, rw, unix.MAP_PRIVATE)
			copy(m, "bbb")
			buf := make([]byte, 3)
			_, err := unix.Pread(fd, buf, 0)
			c.must(err)
			equal(c, "read", string(buf), "aaa")
			c.must(unix.Munmap(m))
		}},
		{name: "mmap/of an unlinked file", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), bytes.Repeat([]byte("a"), 2*page), 0o644))
			fd := c.open("f", unix.O_RDWR, 0)
			m := c.mapped(fd, 2*page, rw, unix.MAP_SHARED)
			c.must(unix.Unlink(c.at("f")))
			equal(c, "page", m[page], byte('a'))
			copy(m[page:], "still")
			buf := make([]byte, 5)
			_, err := unix.Pread(fd, buf, page)
			c.must(err)
			equal(c, "read", string(buf), "still")
			c.must(unix.Munmap(m))
			c.must(unix.Close(fd))
		}},
		{name: "mmap/of a read-only descriptor", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), make([]byte, page), 0o644))
			fd := c.open("f", unix.O_RDONLY, 0)
			defer unix.Close(fd)
			_, err := unix.Mmap(fd, 0, page, rw, unix.MAP_SHARED)
			c.is(err, "mmap for writing", unix.EACCES)
		}},
		{name: "mmap/grows with the file", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			m := c.mapped(fd, 4*page, rw, unix.MAP_SHARED)
			c.must(unix.Ftruncate(fd, 4*page))
			copy(m[3*page:], "end")
			c.must(unix.Msync(m, unix.MS_SYNC))
			c.must(unix.Munmap(m))
			got, err := os.ReadFile(c.at("f"))
			c.must(err)
			equal(c, "size", len(got), 4*page)
			equal(c, "end", string(got[3*page:3*page+3]), "end")
		}},
		{name: "mmap/changes mtime", run: func(c *check) {
			c.must(os.WriteFile(c.at("f"), make([]byte, page), 0o644))
			before := c.stat("f")
			later()
			fd := c.open("f", unix.O_RDWR, 0)
			m := c.mapped(fd, page, rw, unix.MAP_SHARED)
			m[0] = 1
			c.must(unix.Msync(m, unix.MS_SYNC))
			c.must(unix.Munmap(m))
			c.must(unix.Close(fd))
			if ns(c.stat("f").Mtim) <= ns(before.Mtim) {
				c.failf("mtime stays")
			}
		}},
	}
}
