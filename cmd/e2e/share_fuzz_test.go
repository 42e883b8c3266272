package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/cmd/e2e/twoside"
)

// fuzzTime is how long both sides change a tree: 20 s, or what SHARE_FUZZ says, for example 10m; SHARE_SEED takes the
// place of a seed made up from the clock.
func fuzzTime(t *testing.T) (long time.Duration, seed uint64) {
	t.Helper()
	long, seed = 20*time.Second, uint64(time.Now().UnixNano())
	if v := os.Getenv("SHARE_FUZZ"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			t.Fatal(err)
		}
		long = d
	}
	if v := os.Getenv("SHARE_SEED"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	return long, seed
}

// bothAtRandom: the host and a container change the same tree; whenever both rest they see the same.
func (s *sharing) bothAtRandom() {
	long, seed := fuzzTime(s.t)
	s.t.Logf("seed %d", seed)
	dir := s.folder("random")
	k := s.talk(long+5*time.Minute, "-v", dir+":/m", "share", "sharer", "change", "/m", strconv.FormatUint(seed, 10))
	k.until("ready")
	here := twoside.NewMutator(dir, seed+1)
	rounds, slowest := 0, time.Duration(0)
	for begun := time.Now(); time.Since(begun) < long && !s.t.Failed(); rounds++ {
		var wg sync.WaitGroup
		k.say("60")
		wg.Go(func() { here.Change(150) })
		k.until("done")
		wg.Wait()
		slowest = max(slowest, s.same(k, dir, rounds))
	}
	s.t.Logf("%d rounds; the longest time until both saw the same was %v; the host did %v", rounds, slowest.Round(time.Millisecond), here.Done)
}

// same waits for both sides to see the same tree, and says how long that took.
func (s *sharing) same(k *talker, dir string, round int) time.Duration {
	begun := time.Now()
	for {
		want, err := twoside.Tree(dir)
		if err != nil {
			s.t.Fatalf("round %d: %v", round, err)
		}
		k.say("tree")
		got := k.until("done")
		if slices.Equal(want, got) {
			return time.Since(begun)
		}
		if time.Since(begun) > time.Minute {
			s.t.Errorf("round %d: host and container differ:\n%s", round, diff(want, got))
			return time.Since(begun)
		}
	}
}

// diff are the lines that only one side has.
func diff(host, container []string) string {
	var b strings.Builder
	for _, l := range host {
		if !slices.Contains(container, l) {
			fmt.Fprintln(&b, "host:     ", l)
		}
	}
	for _, l := range container {
		if !slices.Contains(host, l) {
			fmt.Fprintln(&b, "container:", l)
		}
	}
	return b.String()
}

// escapes: nothing that a container does in a shared folder reaches a file outside.
func (s *sharing) escapes() {
	outside := filepath.Join(s.out, "outside")
	dir := s.folder("escape")
	for _, d := range []string{outside, filepath.Join(dir, "in")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	s.write(filepath.Join(outside, "file"), "the host's secret")
	s.write(filepath.Join(dir, "in/file"), "inside")
	// Links are followed in the container, where they lead to the container's files.
	got := s.shell(dir, "ln -s '"+outside+"' abs; ln -s ../../outside up; ln -s ../../../../../../../../.."+outside+" far; ln -s /proc/1/root proc; "+
		"for f in abs/file up/file far/file '../outside/file' '../../outside/file' ; do cat \"$f\" 2>/dev/null; echo x 2>/dev/null > \"$f\"; done; "+
		"mkdir made; mv made abs 2>/dev/null; rm -rf abs/file up/file; echo done")
	if got != "done\n" {
		s.t.Errorf("the container read %q", got)
	}
	s.turns(dir, outside)
	if b, err := os.ReadFile(filepath.Join(outside, "file")); err != nil || string(b) != "the host's secret" {
		s.t.Errorf("outside: %q, %v", b, err)
	}
	if list, err := os.ReadDir(outside); err != nil || len(list) != 1 {
		s.t.Errorf("outside there is %v, %v", list, err)
	}
	s.devices(dir)
}

// turns has the host turn a name between a folder and a link out, again and again, while a container uses it.
func (s *sharing) turns(dir, outside string) {
	turn, link, real := filepath.Join(dir, "turn"), filepath.Join(dir, "link"), filepath.Join(dir, "real")
	if err := os.Symlink(outside, link); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "in"), real); err != nil {
		s.t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, from := range []string{real, link} {
				_ = os.Rename(from, turn)
				_ = os.Rename(turn, from)
			}
		}
	})
	got := s.docker("run", "--rm", "-v", dir+":/m", "share", "sharer", "escape", "/m", "300")
	close(stop)
	wg.Wait()
	if got != "tried 300\n" {
		s.t.Errorf("the container says %q", got)
	}
}

// devices: no device node of the host is made.
func (s *sharing) devices(dir string) {
	s.docker("run", "--rm", "--privileged", "-v", dir+":/m", "share", "sh", "-c", "mknod /m/disk b 254 0 2>/dev/null; mknod /m/mem c 1 1 2>/dev/null; true")
	for _, name := range []string{"disk", "mem"} {
		if st, err := os.Lstat(filepath.Join(dir, name)); err == nil && st.Mode()&os.ModeDevice != 0 {
			s.t.Errorf("%s is a device on the host: %v", name, st.Mode())
		}
	}
}
