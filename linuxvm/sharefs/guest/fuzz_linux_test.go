package guest_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// look is a tree as text: a line for each file, with all that both sides must agree on.
func look(root string) string {
	var lines []string
	_ = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		fi, err := d.Info()
		if err != nil {
			lines = append(lines, rel+": "+err.Error())
			return nil
		}
		st := fi.Sys().(*syscall.Stat_t)
		line := fmt.Sprintf("%s %v ino %d links %d", rel, fi.Mode(), st.Ino, st.Nlink)
		switch {
		case fi.Mode().IsRegular():
			b, err := os.ReadFile(p)
			line += fmt.Sprintf(" size %d mtime %d bytes %x %v", fi.Size(), fi.ModTime().UnixNano(), b, err)
		case fi.Mode()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(p)
			line += " to " + target
		}
		lines = append(lines, line)
		return nil
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// mutate makes one random change below root; that it may fail is part of it.
func mutate(r *rand.Rand, root string) {
	pick := func() string {
		parts := []string{root}
		for range r.IntN(3) {
			parts = append(parts, fmt.Sprintf("d%d", r.IntN(3)))
		}
		return filepath.Join(append(parts, fmt.Sprintf("%c%d", "fd"[r.IntN(2)], r.IntN(4)))...)
	}
	content := bytes.Repeat([]byte{byte(r.IntN(256))}, 1+r.IntN(40))
	switch p := pick(); r.IntN(12) {
	case 0, 1:
		_ = os.Mkdir(p, 0o755)
	case 2, 3:
		_ = os.WriteFile(p, content, 0o644)
	case 4:
		if f, err := os.OpenFile(p, os.O_RDWR, 0); err == nil {
			_, _ = f.WriteAt(content, int64(r.IntN(20)))
			f.Close()
		}
	case 5:
		_ = os.Truncate(p, int64(r.IntN(50)))
	case 6:
		_ = os.Remove(p)
	case 7:
		_ = os.Rename(p, pick())
	case 8:
		_ = os.WriteFile(p+".tmp", content, 0o600)
		_ = os.Rename(p+".tmp", p)
	case 9:
		_ = os.Chmod(p, 0o600|fs.FileMode(r.IntN(0o100)))
	case 10:
		_ = os.Symlink("f1", p)
	case 11:
		if f, err := os.OpenFile(p, os.O_WRONLY|os.O_APPEND, 0); err == nil {
			_, _ = f.Write(content)
			f.Close()
		}
	}
	if r.IntN(4) == 0 {
		_ = look(filepath.Dir(pick()))
	}
}

// TestBothSidesAgree has both sides change one tree at the same time, and compares it whenever they pause. It takes
// WHERRY_FUZZ for as long, for example 10m, and WHERRY_SEED to repeat a run.
func TestBothSidesAgree(t *testing.T) {
	length := 3 * time.Second
	if s := os.Getenv("WHERRY_FUZZ"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WHERRY_SEED"); s != "" {
		if _, err := fmt.Sscan(s, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	l := startLoop(t)
	end := time.Now().Add(length)
	rounds, changes := 0, 0
	for ; time.Now().Before(end); rounds++ {
		r := rand.New(rand.NewPCG(seed, uint64(rounds)))
		sides, n := []string{l.host, l.mounted}, 20+r.IntN(100)
		if one := r.IntN(4); one < 2 { // one side alone, while the other looks on
			sides = sides[one : one+1]
		}
		var wg sync.WaitGroup
		for i, root := range sides {
			own := rand.New(rand.NewPCG(seed+uint64(i)+1, uint64(rounds)))
			wg.Go(func() {
				for range n {
					mutate(own, root)
				}
			})
		}
		wg.Wait()
		changes += n * len(sides)
		agree(t, l, rounds)
	}
	t.Logf("%d rounds, %d changes", rounds, changes)
}

// agree waits until both sides see the same, which must be within a second; a slow machine is given more.
func agree(t *testing.T, l *loop, round int) {
	t.Helper()
	var host, guest string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		host, guest = look(l.host), look(l.mounted)
		if host == guest {
			return
		}
	}
	t.Fatalf("round %d: sides disagree\nhost:\n%s\nguest:\n%s", round, host, guest)
}
