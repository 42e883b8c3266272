package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func dataCases() []testCase {
	return []testCase{
		{name: "data/read and write at places", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			_, err := unix.Pwrite(fd, []byte("world"), 6)
			c.must(err)
			_, err = unix.Pwrite(fd, []byte("hello "), 0)
			c.must(err)
			buf := make([]byte, 20)
			n, err := unix.Pread(fd, buf, 3)
			c.must(err)
			equal(c, "read", string(buf[:n]), "lo world")
			n, err = unix.Pread(fd, buf, 100)
			c.must(err)
			equal(c, "read behind the end", n, 0)
		}},
		{name: "data/holes read as zeros", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			_, err := unix.Pwrite(fd, []byte("end"), 1<<20)
			c.must(err)
			equal(c, "size", c.stat("f").Size, 1<<20+3)
			got, err := os.ReadFile(c.at("f"))
			c.must(err)
			if !bytes.Equal(got[:1<<20], make([]byte, 1<<20)) || string(got[1<<20:]) != "end" {
				c.failf("not zeros and the end")
			}
			c.must(unix.Fsync(fd))
			if blocks := c.stat("f").Blocks; blocks*512 > 256<<10 {
				c.failf("%d blocks are allocated for a hole", blocks)
			}
		}},
		{name: "data/SEEK_HOLE and SEEK_DATA", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			_, err := unix.Pwrite(fd, bytes.Repeat([]byte("x"), 64<<10), 1<<20)
			c.must(err)
			c.must(unix.Ftruncate(fd, 4<<20))
			c.must(unix.Fsync(fd))
			data, err := unix.Seek(fd, 0, unix.SEEK_DATA)
			c.must(wrap("SEEK_DATA", err))
			hole, err := unix.Seek(fd, 1<<20, unix.SEEK_HOLE)
			c.must(wrap("SEEK_HOLE", err))
			equal(c, "data", data, 1<<20)
			equal(c, "hole", hole, 1<<20+64<<10)
			_, err = unix.Seek(fd, 5<<20, unix.SEEK_DATA)
			c.is(err, "seek behind the end", unix.ENXIO)
		}},
		{name: "data/truncate", run: truncates},
		{name: "data/O_APPEND", run: func(c *check) {
			c.write("f", "1")
			a, b := c.open("f", unix.O_WRONLY|unix.O_APPEND, 0), c.open("f", unix.O_WRONLY|unix.O_APPEND, 0)
			for i := range 3 {
				_, err := unix.Write(a, []byte("a"))
				c.must(err)
				_, err = unix.Write(b, []byte("b"))
				c.must(err)
				if i == 0 {
					_, err = unix.Seek(a, 0, unix.SEEK_SET)
					c.must(err)
				}
			}
			c.must(unix.Close(a))
			c.must(unix.Close(b))
			c.reads("f", "1ababab")
		}},
		{name: "data/O_APPEND of many at once", run: appendsOfMany},
		{name: "data/two descriptors see each other's bytes", run: func(c *check) {
			a, b := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644), c.open("f", unix.O_RDWR, 0)
			defer unix.Close(a)
			defer unix.Close(b)
			buf := make([]byte, 8)
			for _, text := range []string{"first", "2nd"} {
				_, err := unix.Pwrite(a, []byte(text), 0)
				c.must(err)
				n, err := unix.Pread(b, buf[:len(text)], 0)
				c.must(err)
				equal(c, "read", string(buf[:n]), text)
			}
		}},
		{name: "data/offset is shared by dup", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			d, err := unix.Dup(fd)
			c.must(err)
			_, err = unix.Write(fd, []byte("ab"))
			c.must(err)
			_, err = unix.Write(d, []byte("cd"))
			c.must(err)
			c.must(unix.Close(fd))
			_, err = unix.Write(d, []byte("ef"))
			c.must(err)
			c.must(unix.Close(d))
			c.reads("f", "abcdef")
		}},
		{name: "data/vectors", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			_, err := unix.Pwritev(fd, [][]byte{[]byte("one,"), []byte("two")}, 2)
			c.must(err)
			a, b := make([]byte, 3), make([]byte, 6)
			n, err := unix.Preadv(fd, [][]byte{a, b}, 0)
			c.must(err)
			equal(c, "read", fmt.Sprintf("%d %q %q", n, a, b), `9 "\x00\x00o" "ne,two"`)
		}},
		{name: "data/large random file", run: func(c *check) {
			want := make([]byte, 9<<20+123)
			_, _ = rand.Read(want)
			c.must(os.WriteFile(c.at("f"), want, 0o644))
			got, err := os.ReadFile(c.at("f"))
			c.must(err)
			if !bytes.Equal(got, want) {
				c.failf("%d bytes come back, and not the same", len(got))
			}
		}},
		{name: "data/over 4 GiB", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
			defer unix.Close(fd)
			const far = 5<<30 + 7
			_, err := unix.Pwrite(fd, []byte("far"), far)
			c.must(err)
			c.must(unix.Fsync(fd))
			equal(c, "size", c.stat("f").Size, far+3)
			buf := make([]byte, 4)
			n, err := unix.Pread(fd, buf, far-1)
			c.must(err)
			equal(c, "read", string(buf[:n]), "\x00far")
		}},
		{name: "data/fallocate", run: fallocates},
		{name: "data/copy_file_range", run: func(c *check) {
			text := strings.Repeat("copy me ", 20_000)
			c.write("f", text)
			from, to := c.open("f", unix.O_RDONLY, 0), c.open("g", unix.O_CREAT|unix.O_WRONLY, 0o644)
			defer unix.Close(from)
			for {
				n, err := unix.CopyFileRange(from, nil, to, nil, 1<<20, 0)
				c.must(wrap("copy", err))
				if n == 0 {
					break
				}
			}
			c.must(unix.Close(to))
			c.reads("g", text)
		}},
		{name: "data/O_DIRECT", run: func(c *check) {
			fd, err := unix.Open(c.at("f"), unix.O_CREAT|unix.O_RDWR|unix.O_DIRECT, 0o644)
			c.must(wrap("open", err))
			defer unix.Close(fd)
			block, err := unix.Mmap(-1, 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
			c.must(err)
			copy(block, "direct")
			_, err = unix.Pwrite(fd, block, 0)
			c.must(wrap("write", err))
			clear(block)
			n, err := unix.Pread(fd, block, 0)
			c.must(wrap("read", err))
			equal(c, "read", fmt.Sprintf("%d %s", n, block[:6]), "8192 direct")
		}},
		{name: "data/syncs", run: func(c *check) {
			fd := c.open("f", unix.O_CREAT|unix.O_RDWR|unix.O_SYNC, 0o644)
			defer unix.Close(fd)
			_, err := unix.Write(fd, []byte("x"))
			c.must(err)
			c.is(unix.Fsync(fd), "fsync", 0)
			c.is(unix.Fdatasync(fd), "fdatasync", 0)
			c.is(unix.Syncfs(fd), "syncfs", 0)
			d := c.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			defer unix.Close(d)
			c.is(unix.Fsync(d), "fsync of the folder", 0)
		}},
		{name: "data/statfs", run: func(c *check) {
			var st unix.Statfs_t
			c.must(unix.Statfs(c.dir, &st))
			if st.Bsize <= 0 || st.Blocks == 0 || st.Bavail > st.Blocks || st.Namelen < 255 {
				c.failf("%+v", st)
			}
		}},
	}
}

func truncates(c *check) {
	c.write("f", "0123456789")
	c.must(unix.Truncate(c.at("f"), 4))
	c.reads("f", "0123")
	c.must(unix.Truncate(c.at("f"), 6))
	c.reads("f", "0123\x00\x00")
	fd := c.open("f", unix.O_RDWR, 0)
	defer unix.Close(fd)
	c.must(unix.Ftruncate(fd, 1))
	equal(c, "size", c.stat("f").Size, 1)
	_, err := unix.Pwrite(fd, []byte("z"), 3)
	c.must(err)
	c.reads("f", "0\x00\x00z")
	ro := c.open("f", unix.O_RDONLY, 0)
	defer unix.Close(ro)
	c.is(unix.Ftruncate(ro, 0), "ftruncate of what is open for reading", unix.EINVAL, unix.EBADF)
	c.is(unix.Ftruncate(fd, -1), "ftruncate to -1", unix.EINVAL)
	c.is(unix.Truncate(c.dir, 0), "truncate of a folder", unix.EISDIR)
	c.is(unix.Truncate(c.at("none"), 0), "truncate of nothing", unix.ENOENT)
	before := c.stat("f")
	later()
	c.must(unix.Truncate(c.at("f"), before.Size+1))
	if after := c.stat("f"); ns(after.Mtim) <= ns(before.Mtim) || ns(after.Ctim) <= ns(before.Ctim) {
		c.failf("times stay")
	}
}

// appendsOfMany has several descriptors append lines; none may get lost or cut.
func appendsOfMany(c *check) {
	const writers, lines = 4, 50
	done := make(chan error)
	for w := range writers {
		go func() {
			fd, err := unix.Open(c.at("f"), unix.O_CREAT|unix.O_WRONLY|unix.O_APPEND, 0o644)
			for i := 0; i < lines && err == nil; i++ {
				_, err = unix.Write(fd, fmt.Appendf(nil, "%d %s\n", w, strings.Repeat("x", i)))
			}
			done <- err
		}()
	}
	for range writers {
		c.must(<-done)
	}
	got, err := os.ReadFile(c.at("f"))
	c.must(err)
	var next [writers]int
	for line := range strings.Lines(string(got)) {
		var w int
		var xs string
		_, _ = fmt.Sscan(line, &w, &xs)
		if w >= writers || len(xs) != next[w] {
			c.failf("line %q where %d has written %d", line, w, next[w])
			return
		}
		next[w]++
	}
	equal(c, "lines", next, [writers]int{lines, lines, lines, lines})
}

func fallocates(c *check) {
	fd := c.open("f", unix.O_CREAT|unix.O_RDWR, 0o644)
	defer unix.Close(fd)
	c.must(wrap("fallocate", unix.Fallocate(fd, 0, 0, 64<<10)))
	equal(c, "size", c.stat("f").Size, 64<<10)
	c.is(unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, 128<<10), "keep the size", 0)
	equal(c, "size", c.stat("f").Size, 64<<10)
	_, err := unix.Pwrite(fd, bytes.Repeat([]byte("x"), 64<<10), 0)
	c.must(err)
	c.must(wrap("punch a hole", unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 4096, 8192)))
	got, err := os.ReadFile(c.at("f"))
	c.must(err)
	if !bytes.Equal(got[4096:12288], make([]byte, 8192)) || got[4095] != 'x' || got[12288] != 'x' {
		c.failf("the hole is elsewhere")
	}
}
