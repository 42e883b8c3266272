package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// fileLoad is what is done to files, and how long it took.
type fileLoad struct {
	dir string
	// files are how many small ones there are, bytes the size of the large one.
	files int
	bytes int64
	// Seconds by the name of the step.
	seconds map[string]float64
	paths   []string
	buf     []byte
}

// fileSteps are the names of all steps, in their order.
func fileSteps() []string {
	return []string{
		"untar", "find_cold", "find", "read_cold", "read", "stat_cold", "stat", "stat_later", "write_large", "read_large_cold", "read_large", "remove",
	}
}

// runFiles does the whole load in a new folder in dir, which is gone afterwards. It drops the kernel's caches where a step
// is to be cold, which needs root and every right.
func runFiles(dir string, files int, size int64) (map[string]float64, error) {
	root, err := os.MkdirTemp(dir, "load-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	l := &fileLoad{dir: root, files: files, bytes: size, seconds: map[string]float64{}, buf: make([]byte, 1<<20)}
	err = l.run()
	return l.seconds, errors.Join(err, os.RemoveAll(root))
}

func (l *fileLoad) run() error {
	archive := smallFiles(l.files)
	tree, large := filepath.Join(l.dir, "tree"), filepath.Join(l.dir, "large")
	for _, s := range []struct {
		name string
		cold bool
		do   func() error
	}{
		{"untar", false, func() error { return untar(archive, tree) }},
		{"find_cold", true, func() error { return l.find(tree) }},
		{"find", false, func() error { return l.find(tree) }},
		{"read_cold", true, l.readAll},
		{"read", false, l.readAll},
		{"stat_cold", true, l.statAll},
		{"stat", false, l.statAll},
		{"stat_later", false, l.statAll},
		{"write_large", false, func() error { return l.writeLarge(large) }},
		{"read_large_cold", true, func() error { return l.readLarge(large) }},
		{"read_large", false, func() error { return l.readLarge(large) }},
		{"remove", false, func() error { return os.RemoveAll(tree) }},
	} {
		if s.cold {
			if err := dropCaches(); err != nil {
				return err
			}
		}
		if s.name == "stat_later" {
			time.Sleep(6 * time.Second) // what is cached for some seconds is no longer
		}
		begun := time.Now()
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		l.seconds[s.name] = time.Since(begun).Seconds()
	}
	return nil
}

// dropCaches writes out what is to be written and empties the kernel's caches.
func dropCaches() error {
	unix.Sync()
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// smallFiles is an archive of files as a project's dependencies are: most of some kilobytes, one of ten larger, twenty to
// a folder. The same number gives the same bytes.
func smallFiles(n int) []byte {
	r := rand.New(rand.NewPCG(7, 7))
	content := make([]byte, 64<<10)
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range n {
		size := 200 + r.IntN(3000)
		if i%10 == 0 {
			size = 8000 + r.IntN(50_000)
		}
		_ = w.WriteHeader(&tar.Header{Name: fmt.Sprintf("p%d/d%d/f%d.js", (i/20)%10, i/20, i), Mode: 0o644, Size: int64(size)}) // to memory
		_, _ = w.Write(content[:size])
	}
	_ = w.Close()
	return b.Bytes()
}

// untar unpacks as tar does, times included.
func untar(archive []byte, to string) error {
	made, then := map[string]bool{}, time.Unix(1_700_000_000, 0)
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(to, h.Name)
		if dir := filepath.Dir(path); !made[dir] {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			made[dir] = true
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		if err := errors.Join(err, f.Close(), os.Chtimes(path, then, then)); err != nil {
			return err
		}
	}
}

func (l *fileLoad) find(tree string) error {
	l.paths = l.paths[:0]
	err := filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			l.paths = append(l.paths, path)
		}
		return err
	})
	if err == nil && len(l.paths) != l.files {
		return fmt.Errorf("found %d files of %d", len(l.paths), l.files)
	}
	return err
}

func (l *fileLoad) readAll() error {
	for _, p := range l.paths {
		if _, err := os.ReadFile(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *fileLoad) statAll() error {
	for _, p := range l.paths {
		if _, err := os.Lstat(p); err != nil {
			return err
		}
	}
	return nil
}

// writeLarge ends when the file is on the disk.
func (l *fileLoad) writeLarge(path string) error {
	for i := range l.buf {
		l.buf[i] = byte(i * 7 >> 3)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for n := int64(0); n < l.bytes && err == nil; n += int64(len(l.buf)) {
		_, err = f.Write(l.buf)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

func (l *fileLoad) readLarge(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, l.buf)
	if err == nil && n < l.bytes {
		return fmt.Errorf("read %d bytes of %d", n, l.bytes)
	}
	return err
}

// watchFolder says "ready", then a line for each event of a folder, and repeats the lines of its input.
func watchFolder(dir string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO); err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	fmt.Println("ready")
	go func() { _, _ = io.Copy(os.Stdout, os.Stdin) }()
	for buf := make([]byte, 4<<10); ; {
		if _, err := unix.Read(fd, buf); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		fmt.Println("event")
	}
}
