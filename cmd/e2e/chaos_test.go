package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// The chaos test's environment variables: how long it goes on (a duration), and with which seed.
const (
	chaosFor  = "CHAOS_FOR"
	chaosSeed = "CHAOS_SEED"
)

// TestChaos does harm at random while a container writes records and another serves: no acknowledged record may be lost, the
// status has to be true at each step, and nothing may be left over. It runs only where CHAOS_FOR is set; `make chaos` sets it.
func TestChaos(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv(chaosFor))
	if err != nil {
		t.Skipf("set %s to a duration, or run `make chaos`", chaosFor)
	}
	seed := uint64(time.Now().UnixNano())
	if v := os.Getenv(chaosSeed); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	newChaos(t, seed).run(length)
}

// chaos is one run.
type chaos struct {
	*engine
	rand *rand.Rand
	port string
	// small says that the state directory is on a small filesystem of its own.
	small bool

	mu    sync.Mutex
	acked int // the last record that was acknowledged to us
}

func newChaos(t *testing.T, seed uint64) *chaos {
	e := newEngine(t)
	t.Logf("%s=%d repeats this run", chaosSeed, seed)
	c := &chaos{engine: e, rand: rand.New(rand.NewPCG(seed, 0)), port: freePort(t)}
	if err := c.shrinkHome(); err != nil {
		t.Logf("the host's disk is never full, since no small filesystem can be mounted here: %v", err)
	}
	e.start()
	e.docker("run", "-d", "--name", "web", "--restart", "always", "-p", c.port+":8000", "box", "box", "serve", ":8000")
	e.docker("run", "-d", "--name", "writer", "--restart", "always", "-v", "records:/data", "box", "box", "write", "/data")
	return c
}

// harm is one thing that goes wrong. It returns when it has been done, not when it is mended.
type harm struct {
	name string
	do   func(*chaos)
}

func harms() []harm {
	guest := func(command string) func(*chaos) {
		return func(c *chaos) { c.bounded(20*time.Second, program(), "shell", "sh", "-c", command) }
	}
	return []harm{
		{"kill the daemon", func(c *chaos) { c.hit(c.pids().Daemon.PID, syscall.SIGKILL) }},
		{"kill QEMU", func(c *chaos) { c.hit(c.pids().VM.PID, syscall.SIGKILL) }},
		{"kill dockerd", guest("kill -9 $(cat /run/docker.pid)")},
		{"kill containerd", guest("killall -9 containerd")},
		{"stop QEMU for a moment", func(c *chaos) { c.freeze(c.pids().VM.PID) }},
		{"stop the daemon for a moment", func(c *chaos) { c.freeze(c.pids().Daemon.PID) }},
		{"stop dockerd", guest("kill -STOP $(cat /run/docker.pid)")},
		{"suspend", func(c *chaos) { c.bounded(2*time.Minute, program(), "stop", "--suspend") }},
		{"stop", func(c *chaos) { c.bounded(3*time.Minute, program(), "stop") }},
		{"cut the link", func(c *chaos) { c.bounded(time.Minute, program(), "daemon", "restart") }},
		{"race", (*chaos).race},
		{"fill the host's disk", (*chaos).fill},
	}
}

// run does harm until the time is over, and mends after each.
func (c *chaos) run(length time.Duration) {
	begun := time.Now()
	todo := harms()
	for step := 1; step == 1 || time.Since(begun) < length; step++ {
		h := todo[c.rand.IntN(len(todo))]
		c.t.Logf("%v: %s", time.Since(begun).Round(time.Second), h.name)
		c.note()
		h.do(c)
		c.isTrue()
		c.mend()
		if c.t.Failed() {
			return
		}
	}
	c.finish()
}

// bounded runs a command whose outcome does not matter, as long as it ends.
func (c *chaos) bounded(limit time.Duration, name string, args ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	out, err := c.command(ctx, name, args...).CombinedOutput()
	if ctx.Err() != nil {
		c.t.Errorf("%s does not end within %v: %s", strings.Join(args, " "), limit, out)
	} else if err != nil {
		c.t.Logf("%s: %v: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
}

// pids is the status, or an empty one if there is none just now.
func (c *chaos) pids() app.Snapshot {
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	out, _ := c.command(ctx, program(), "status", "--json").Output()
	s, _ := parseStatus(out)
	return s
}

func (c *chaos) hit(pid int, sig syscall.Signal) {
	if pid > 0 {
		_ = syscall.Kill(pid, sig) // it may have ended meanwhile
	}
}

// freeze stops a process for some seconds.
func (c *chaos) freeze(pid int) {
	c.hit(pid, syscall.SIGSTOP)
	time.Sleep(time.Duration(1+c.rand.IntN(12)) * time.Second)
	c.hit(pid, syscall.SIGCONT)
}

// race has five clients want different things at once.
func (c *chaos) race() {
	var wg sync.WaitGroup
	for range 5 {
		args := [][]string{{"start"}, {"stop"}, {"start"}, {"stop", "--suspend"}, {"stop", "--force"}}[c.rand.IntN(5)]
		wg.Go(func() { c.bounded(4*time.Minute, program(), args...) })
	}
	wg.Wait()
}

// smallDisk is the size of the filesystem that is filled.
const smallDisk = 4 << 30

// shrinkHome puts the state directory on a small filesystem, in a sparse file.
func (c *chaos) shrinkHome() error {
	image := filepath.Join(c.t.TempDir(), "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, smallDisk); err != nil {
		return err
	}
	for _, args := range [][]string{{"mkfs.ext4", "-q", "-F", image}, {"mount", "-o", "loop", image, c.home}} {
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
		out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
		}
	}
	c.small = true
	c.t.Cleanup(func() { // before the engine's own
		if c.t.Failed() {
			c.keepLogs()
		}
		_, _ = c.try("stop", "--force")
		c.nothingLeft()
		if out, err := exec.Command("umount", c.home).CombinedOutput(); err != nil {
			c.t.Errorf("umount: %v: %s", err, out)
		}
	})
	return nil
}

// fill takes all space of the host's disk for some seconds.
func (c *chaos) fill() {
	if !c.small {
		return
	}
	path := filepath.Join(c.home, "filler")
	defer os.Remove(path)
	f, err := os.Create(path)
	if err != nil {
		c.t.Log(err)
		return
	}
	defer f.Close()
	for size := int64(512 << 20); size >= 4<<10; {
		at, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			c.t.Log(err)
			return
		}
		if syscall.Fallocate(int(f.Fd()), 0, at, size) != nil {
			size /= 2
		}
	}
	time.Sleep(8 * time.Second)
}

// isTrue compares the status with what lives.
func (c *chaos) isTrue() {
	c.t.Helper()
	s := c.pids()
	switch s.State {
	case app.StateStopped, app.StateSuspended:
		time.Sleep(100 * time.Millisecond)
		if again := c.pids(); again.State == s.State {
			c.noMachine()
		}
	case app.StateRunning:
		if s.VM.PID == 0 || errors.Is(syscall.Kill(s.VM.PID, 0), syscall.ESRCH) {
			if again := c.pids(); again.State == app.StateRunning && again.VM.PID == s.VM.PID {
				c.t.Errorf("it says that it runs, with process %d, which does not", s.VM.PID)
			}
		}
	case "":
		c.t.Log("the daemon does not say how it is just now")
	}
}

// mend does what a user does: start, and look whether docker works. That must be all it takes.
func (c *chaos) mend() {
	c.t.Helper()
	var out string
	var err error
	for range 3 { // a start may meet what is just being ended, and says so
		if out, err = c.try("start"); err == nil {
			break
		}
		c.t.Logf("start: %v: %s", err, strings.TrimSpace(out))
		if strings.Contains(out, "wherry daemon restart") {
			c.bounded(time.Minute, program(), "daemon", "restart")
		}
	}
	if err != nil {
		c.t.Errorf("start does not mend it: %v: %s", err, out)
		return
	}
	deadline := time.Now().Add(3 * time.Minute)
	for {
		out, err := c.tryDocker(nil, "ps", "-q", "--filter", "status=running")
		if err == nil && len(strings.Fields(out)) == 2 {
			break
		}
		if time.Now().After(deadline) {
			c.t.Errorf("the containers do not come back: %v: %s", err, out)
			return
		}
		time.Sleep(time.Second)
	}
	if body := c.eventually("http://127.0.0.1:" + c.port); !strings.Contains(body, "hello from") {
		c.t.Errorf("the web server says %q", body)
	}
}

// note remembers the last record whose acknowledgement has reached us.
func (c *chaos) note() {
	out, err := c.tryDocker(nil, "logs", "--tail", "1", "writer")
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		if n, err := strconv.Atoi(strings.TrimSpace(lines.Text())); err == nil {
			c.mu.Lock()
			c.acked = max(c.acked, n)
			c.mu.Unlock()
		}
	}
}

// finish looks whether anything was lost, or left over.
func (c *chaos) finish() {
	c.note()
	c.docker("rm", "-f", "writer")
	out := strings.TrimSpace(c.docker("run", "--rm", "-v", "records:/data", "box", "box", "verify", "/data"))
	kept, err := strconv.Atoi(out)
	if err != nil || kept < c.acked || c.acked == 0 {
		c.t.Errorf("%d records were acknowledged, %q are there", c.acked, out)
	}
	c.t.Logf("%d records were acknowledged, %d are there", c.acked, kept)
	c.docker("rm", "-f", "web")
	c.wherry("stop")
	c.nothingLeft()
	for _, name := range []string{"docker.sock", "daemon.sock"} {
		if _, err := os.Stat(filepath.Join(c.home, name)); !errors.Is(err, fs.ErrNotExist) {
			c.t.Errorf("%s is left: %v", name, err)
		}
	}
}
