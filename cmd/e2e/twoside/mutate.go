package twoside

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A Mutator makes random changes beneath a folder. The same seed makes the same choices; what comes of them depends on
// what others do there meanwhile. Failures are part of the game: names come and go.
type Mutator struct {
	dir  string
	r    *rand.Rand
	held []*os.File
	// Done counts the changes that were made, by kind; those that failed are not counted.
	Done map[string]int
}

// NewMutator makes a Mutator; nothing is changed yet.
func NewMutator(dir string, seed uint64) *Mutator {
	return &Mutator{dir: dir, r: rand.New(rand.NewPCG(seed, 1)), Done: map[string]int{}}
}

// Change makes that many changes and looks around between them. In the end it has no file open.
func (m *Mutator) Change(times int) {
	kinds := changes()
	for range times {
		k := kinds[m.r.IntN(len(kinds))]
		if err := k.do(m); err == nil {
			m.Done[k.name]++
		}
	}
	for _, f := range m.held {
		_ = f.Close()
	}
	m.held = nil
}

type change struct {
	name string
	do   func(*Mutator) error
}

// changes are all kinds; those that are named twice are made twice as often.
func changes() []change {
	write := change{"write", (*Mutator).write}
	look := change{"look", (*Mutator).look}
	return []change{
		write, write, write, look, look, look,
		{"append", (*Mutator).append},
		{"overwrite", (*Mutator).overwrite},
		{"truncate", func(m *Mutator) error { return os.Truncate(m.pick(), int64(m.r.IntN(20_000))) }},
		{"unlink", func(m *Mutator) error { return unix.Unlink(m.pick()) }},
		{"mkdir", func(m *Mutator) error { return os.Mkdir(m.pick(), 0o755) }},
		{"mkdir", func(m *Mutator) error { return os.MkdirAll(m.pick(), 0o755) }},
		{"rmdir", func(m *Mutator) error { return unix.Rmdir(m.pick()) }},
		{"remove tree", (*Mutator).removeTree},
		{"rename", func(m *Mutator) error { return os.Rename(m.pick(), m.pick()) }},
		{"rename", func(m *Mutator) error { return os.Rename(m.pick(), m.pick()) }},
		{"replace", (*Mutator).replace},
		{"link", func(m *Mutator) error { return os.Link(m.pick(), m.pick()) }},
		{"symlink", func(m *Mutator) error { return os.Symlink(fmt.Sprint("to/", m.r.IntN(100)), m.pick()) }},
		{"chmod", (*Mutator).chmod},
		{"times", (*Mutator).times},
		{"hold", (*Mutator).hold},
		{"map", (*Mutator).mapped},
	}
}

// pick is a path of up to three of a few names, so that both sides meet.
func (m *Mutator) pick() string {
	parts := make([]string, 1+m.r.IntN(3))
	for i := range parts {
		parts[i] = string(rune('a' + m.r.IntN(6)))
	}
	return filepath.Join(m.dir, filepath.Join(parts...))
}

// content is some bytes that nobody else writes.
func (m *Mutator) content() []byte {
	return []byte(strings.Repeat(fmt.Sprintf("%x ", m.r.Uint64()), 1+m.r.IntN(800)))
}

func (m *Mutator) write() error { return os.WriteFile(m.pick(), m.content(), 0o644) }

func (m *Mutator) append() error {
	f, err := os.OpenFile(m.pick(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(m.content())
	return err
}

func (m *Mutator) overwrite() error {
	f, err := os.OpenFile(m.pick(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(m.content(), int64(m.r.IntN(30_000)))
	return err
}

// replace is what editors do: write beside the file, then rename over it.
func (m *Mutator) replace() error {
	to := m.pick()
	tmp := fmt.Sprintf("%s.%x~", to, m.r.Uint32())
	if err := os.WriteFile(tmp, m.content(), 0o600); err != nil {
		return err
	}
	err := os.Rename(tmp, to)
	if err != nil {
		_ = os.Remove(tmp)
	}
	return err
}

// removeTree removes a tree, seldom: else there would be little.
func (m *Mutator) removeTree() error {
	if m.r.IntN(4) > 0 {
		return fs.ErrInvalid
	}
	return os.RemoveAll(m.pick())
}

// look reads what is there, so that it is in caches.
func (m *Mutator) look() error {
	return filepath.WalkDir(m.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && m.r.IntN(3) == 0 {
			_, _ = os.ReadFile(path)
		}
		return nil
	})
}

func (m *Mutator) chmod() error {
	path, mode := m.pick(), []fs.FileMode{0o600, 0o644, 0o755, 0o700}[m.r.IntN(4)]
	st, err := os.Lstat(path)
	if err != nil || st.IsDir() {
		return fs.ErrInvalid // a folder's rights decide about the rest
	}
	return os.Chmod(path, mode)
}

func (m *Mutator) times() error {
	t := time.Unix(1_500_000_000+m.r.Int64N(100_000_000), m.r.Int64N(1e9))
	return os.Chtimes(m.pick(), t, t)
}

// hold keeps a file open and writes to it, whatever becomes of its name.
func (m *Mutator) hold() error {
	if len(m.held) > 3 {
		f := m.held[0]
		m.held = m.held[1:]
		_, err := f.Write(m.content())
		_ = f.Close()
		return err
	}
	f, err := os.OpenFile(m.pick(), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	m.held = append(m.held, f)
	_, err = f.Write(m.content())
	return err
}

// mapped writes to a file through a mapping, where it does not reach behind the end; others may truncate it meanwhile, so
// only a file of its own name is taken.
func (m *Mutator) mapped() error {
	path := filepath.Join(m.dir, fmt.Sprintf("map-%x", m.r.Uint32()))
	if err := os.WriteFile(path, make([]byte, 10_000), 0o644); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := unix.Mmap(int(f.Fd()), 0, 10_000, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	copy(b[5000:], m.content())
	if err := unix.Munmap(b); err != nil {
		return err
	}
	return os.Rename(path, m.pick())
}
