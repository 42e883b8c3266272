package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func folderCases() []testCase {
	return []testCase{
		{name: "folder/mkdir", run: func(c *check) {
			c.must(unix.Mkdir(c.at("d"), 0o750))
			st := c.stat("d")
			equal(c, "mode", st.Mode, unix.S_IFDIR|0o750)
			c.is(unix.Mkdir(c.at("d"), 0o755), "again", unix.EEXIST)
			c.is(unix.Mkdir(c.at("none/d"), 0o755), "nowhere", unix.ENOENT)
			c.write("f", "x")
			c.is(unix.Mkdir(c.at("f/d"), 0o755), "in a file", unix.ENOTDIR)
			c.is(unix.Mkdir(c.at("f"), 0o755), "over a file", unix.EEXIST)
		}},
		{name: "folder/all names once", run: func(c *check) { manyNames(c, 3000) }},
		{name: "folder/100,000 names", big: true, run: func(c *check) { manyNames(c, 100_000) }},
		{name: "folder/types", run: func(c *check) {
			c.write("file", "x")
			c.mkdir("dir")
			c.must(os.Symlink("x", c.at("link")))
			c.must(unix.Mkfifo(c.at("fifo"), 0o644))
			list, err := os.ReadDir(c.dir)
			c.must(err)
			got := ""
			for _, e := range list {
				got += fmt.Sprint(e.Name(), " ", e.Type().String(), ",")
			}
			equal(c, "types", got, "dir d---------,fifo p---------,file ----------,link L---------,")
		}},
		{name: "folder/inodes are those of stat", run: func(c *check) {
			c.write("a", "x")
			c.mkdir("b")
			fd := c.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			defer unix.Close(fd)
			for name, ino := range c.entries(fd) {
				if name != ".." {
					equal(c, "inode of "+name, ino, c.stat(name).Ino)
				}
			}
		}},
		{name: "folder/dots are listed", run: func(c *check) {
			fd := c.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			defer unix.Close(fd)
			equal(c, "entries of an empty folder", len(c.entries(fd)), 2)
		}},
		{name: "folder/rewinding shows what is new", run: func(c *check) {
			fd := c.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			defer unix.Close(fd)
			equal(c, "entries", len(c.entries(fd)), 2)
			c.write("f", "x")
			_, err := unix.Seek(fd, 0, unix.SEEK_SET)
			c.must(err)
			equal(c, "entries", len(c.entries(fd)), 3)
			c.must(os.Remove(c.at("f")))
			_, err = unix.Seek(fd, 0, unix.SEEK_SET)
			c.must(err)
			equal(c, "entries", len(c.entries(fd)), 2)
		}},
		{name: "folder/emptied while it is read", run: emptiedWhileRead},
		{name: "folder/changes its mtime", run: func(c *check) {
			c.mkdir("d")
			for what, do := range map[string]func() error{
				"create": func() error { return os.WriteFile(c.at("d/f"), nil, 0o644) },
				"mkdir":  func() error { return os.Mkdir(c.at("d/e"), 0o755) },
			} {
				before := c.stat("d")
				later()
				c.must(do())
				if after := c.stat("d"); ns(after.Mtim) <= ns(before.Mtim) || ns(after.Ctim) <= ns(before.Ctim) {
					c.failf("%s: times stay", what)
				}
			}
			before := c.stat("d")
			later()
			c.must(os.Remove(c.at("d/f")))
			if ns(c.stat("d").Mtim) <= ns(before.Mtim) {
				c.failf("remove: mtime stays")
			}
			before = c.stat("d")
			later()
			c.write("x", "x")
			if ns(c.stat("d").Mtim) != ns(before.Mtim) {
				c.failf("mtime changes for nothing")
			}
		}},
		{name: "folder/current folder", run: func(c *check) {
			c.mkdir("d")
			c.write("d/f", "x")
			here, err := os.Getwd()
			c.must(err)
			defer func() { _ = os.Chdir(here) }()
			c.must(os.Chdir(c.at("d")))
			c.must(os.Rename(c.at("d"), c.at("e")))
			var buf [4096]byte
			n, err := unix.Getcwd(buf[:])
			c.must(wrap("getcwd", err))
			equal(c, "getcwd", string(buf[:n-1]), c.at("e"))
			_, err = os.ReadFile("f")
			c.is(err, "read a relative name", 0)
		}},
		{name: "folder/many made at once", run: func(c *check) {
			const n = 8
			done := make(chan error)
			for i := range n {
				go func() {
					var err error
					for j := 0; j < 25 && err == nil; j++ {
						err = os.MkdirAll(c.at(fmt.Sprintf("a/b/%d/%d", j, i)), 0o755)
					}
					done <- err
				}()
			}
			for range n {
				c.must(<-done)
			}
			equal(c, "folders", len(c.names("a/b")), 25)
			equal(c, "folders in one", len(c.names("a/b/7")), n)
		}},
	}
}

// entries reads a folder's entries by the system call itself.
func (c *check) entries(fd int) map[string]uint64 {
	found := map[string]uint64{}
	buf := make([]byte, 8192)
	for {
		n, err := unix.Getdents(fd, buf)
		c.must(wrap("getdents", err))
		if n == 0 {
			return found
		}
		for b := buf[:n]; len(b) > 0; {
			length := int(b[16]) | int(b[17])<<8
			name := b[19:length]
			end := 0
			for name[end] != 0 {
				end++
			}
			if _, twice := found[string(name[:end])]; twice {
				c.failf("%s is listed twice", name[:end])
			}
			var ino uint64
			for i := range 8 {
				ino |= uint64(b[i]) << (8 * i)
			}
			found[string(name[:end])] = ino
			b = b[length:]
		}
	}
}

func manyNames(c *check, n int) {
	begun := time.Now()
	for i := range n {
		fd, err := unix.Open(c.at(fmt.Sprintf("name-%06d", i)), unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
		c.must(err)
		c.must(unix.Close(fd))
	}
	made := time.Since(begun)
	fd := c.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	defer unix.Close(fd)
	begun = time.Now()
	found := c.entries(fd)
	if n > 10_000 {
		fmt.Fprintf(os.Stderr, "%d names: made in %v, listed in %v\n", n, made, time.Since(begun))
	}
	equal(c, "entries", len(found), n+2)
	for i := range n {
		if _, ok := found[fmt.Sprintf("name-%06d", i)]; !ok {
			c.failf("name-%06d is missing", i)
			return
		}
	}
}

// emptiedWhileRead removes what it reads, as rm -r does.
func emptiedWhileRead(c *check) {
	const n = 2000
	for i := range n {
		c.write(fmt.Sprint("f", i), "")
	}
	d, err := os.Open(c.dir)
	c.must(err)
	defer d.Close()
	seen := 0
	for {
		names, err := d.Readdirnames(100)
		for _, name := range names {
			c.must(os.Remove(c.at(name)))
			seen++
		}
		if err != nil {
			break
		}
	}
	equal(c, "names seen", seen, n)
	equal(c, "names left", len(c.names(".")), 0)
}
