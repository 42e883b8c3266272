package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/vmhost/process"
)

// TestMemoryAndDiskComeBack: what containers have used is the host's again when they are gone.
func TestMemoryAndDiskComeBack(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	pid := e.status().VM.PID
	memory := func() int64 {
		t.Helper()
		n, err := process.Memory(pid)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	e.docker("run", "--rm", "box", "true")
	e.comesBack("memory that was touched", memory, func() {
		e.docker("run", "--rm", "--tmpfs", "/m:size=600m", "box", "dd", "if=/dev/zero", "of=/m/f", "bs=1M", "count=512")
	})
	e.comesBack("caches of files", memory, func() {
		e.docker("run", "--rm", "-v", "files:/d", "box", "sh", "-c", "dd if=/dev/zero of=/d/f bs=1M count=300 && cat /d/f > /dev/null")
	})

	e.docker("run", "-d", "--name", "holder", "--tmpfs", "/m", "box", "sh", "-c", "dd if=/dev/zero of=/m/f bs=1M count=20; sleep 1000")
	s := e.waitFor(func(s app.Snapshot) bool {
		return len(s.VM.Containers) == 1 && s.VM.Containers[0].Name == "holder" && s.VM.Containers[0].Bytes > 20<<20
	})
	if s.VM.MemoryHostBytes < 100<<20 || s.VM.MemoryUsedBytes == 0 || s.VM.MemoryCacheBytes == 0 || s.VM.DiskHostBytes == 0 {
		t.Errorf("status: %+v", s.VM)
	}
	if out := e.wherry("status"); !strings.Contains(out, "holder: ") || !strings.Contains(out, "of the host's") {
		t.Errorf("status: %s", out)
	}
	e.docker("rm", "-f", "holder")

	disk := func() int64 {
		t.Helper()
		st, err := os.Stat(filepath.Join(e.home, "data.img"))
		if err != nil {
			t.Fatal(err)
		}
		return space.Allocated(st)
	}
	e.comesBack("an image's blocks", disk, func() {
		e.docker("run", "--name", "big", "box", "sh", "-c", "dd if=/dev/urandom of=/f bs=1M count=50 && sync")
		e.docker("commit", "big", "big")
		e.wherry("shell", "sync")
		e.docker("rm", "big")
	}, func() { e.docker("rmi", "big") })
}

// comesBack measures, uses and measures until at least 85 % of what was taken is back; undo is done before.
func (e *engine) comesBack(what string, measure func() int64, use func(), undo ...func()) {
	e.t.Helper()
	before := measure()
	stop := e.peak(measure)
	use()
	used := stop()
	for _, f := range undo {
		f()
	}
	begun := time.Now()
	deadline := begun.Add(2 * time.Minute)
	for {
		now := measure()
		back := 100 * (used - now) / max(used-before, 1)
		if back >= 85 {
			e.t.Logf("%s: %s taken, %d%% back after %v", what, app.HumanSize(used-before), back, time.Since(begun).Round(time.Second))
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s: from %s to %s then only to %s", what, app.HumanSize(before), app.HumanSize(used), app.HumanSize(now))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// peak measures beside the test until stop is called, which returns the most that was seen.
func (e *engine) peak(measure func() int64) (stop func() int64) {
	ctx, cancel := context.WithCancel(e.t.Context())
	most := make(chan int64, 1)
	go func() {
		top := int64(0)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			top = max(top, measure())
			select {
			case <-ctx.Done():
				most <- max(top, measure())
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { cancel(); return <-most }
}

// TestHostDiskFull: the VM waits, the user is told, nothing is lost, and it goes on by itself.
func TestHostDiskFull(t *testing.T) {
	long(t)
	e := newEngine(t)
	if err := unix.Mount("small", e.home, "tmpfs", 0, "size=200m"); err != nil {
		t.Skipf("a small filesystem cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		_, _ = e.try("stop", "--force")
		if err := unix.Unmount(e.home, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	e.start()
	filler := filepath.Join(e.home, "filler")
	fill(t, filler, 8<<20)
	warned := e.waitLong(func(s app.Snapshot) bool { return hasWarning(s, app.WarnHostDiskLow) })
	t.Logf("warned: %+v", warned.Warnings)

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", "run", "--name", "writer", "-v", "vol:/d", "box", "sh", "-c", "dd if=/dev/urandom of=/d/f bs=1M count=60 && sync && md5sum /d/f")
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	full := e.waitLong(func(s app.Snapshot) bool { return s.Paused != nil })
	if !strings.Contains(full.Paused.Message, "full") || !strings.Contains(full.Paused.Hint, e.home) {
		t.Errorf("%+v", full.Paused)
	}
	if text := e.wherry("status"); !strings.Contains(text, "Paused") || !strings.Contains(text, "goes on by itself") {
		t.Errorf("status: %s", text)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the container did not go on: %v: %s", err, out)
	}
	sum, _, _ := strings.Cut(lastLine(out.String()), " ")
	e.waitLong(func(s app.Snapshot) bool {
		return s.Paused == nil && s.State == app.StateRunning && !hasWarning(s, app.WarnHostDiskLow)
	})
	e.wherry("shell", "sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches")
	if got := e.docker("run", "--rm", "-v", "vol:/d", "box", "md5sum", "/d/f"); len(sum) != 32 || !strings.HasPrefix(got, sum) {
		t.Errorf("it was written %q and reads %q", sum, got)
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

func hasWarning(s app.Snapshot, code string) bool {
	for _, w := range s.Warnings {
		if w.Code == code {
			return true
		}
	}
	return false
}

// fill makes a file that leaves only so many bytes free on its disk.
func fill(t *testing.T, path string, leave int64) {
	t.Helper()
	room, err := space.Of(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, room.Free-leave); err != nil {
		t.Fatal(err)
	}
}

// waitLong is waitFor for what takes the guest's own time.
func (e *engine) waitLong(wanted func(app.Snapshot) bool) app.Snapshot {
	e.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		ctx, cancel := context.WithTimeout(e.t.Context(), 20*time.Second)
		out, err := e.command(ctx, program(), "status", "--json").Output()
		cancel()
		s, ok := parseStatus(out)
		if err == nil && ok && wanted(s) { // a daemon that is just starting cannot say yet
			return s
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("status stays %s, %v", out, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// TestDoctor: with and without an engine, and with what is wrong.
func TestDoctor(t *testing.T) {
	long(t)
	e := newEngine(t)
	if out := e.wherry("doctor"); !strings.Contains(out, "Hypervisor") || !strings.Contains(out, "Guest image") {
		t.Errorf("%s", out)
	}
	own := e.env
	e.env = append(own, "WHERRY_QEMU="+t.TempDir()+"/qemu")
	if out, err := e.try("doctor"); err == nil || !strings.Contains(out, "PROBLEM") || !strings.Contains(out, "Correct the path") {
		t.Errorf("without QEMU: %v: %s", err, out)
	}
	e.env = append(own, "WHERRY_HOME="+filepath.Join(e.home, strings.Repeat("long", 30)))
	if out, err := e.try("doctor"); err == nil || !strings.Contains(out, "bytes long") {
		t.Errorf("with a long path: %v: %s", err, out)
	}
	e.env = own
	archive := filepath.Join(t.TempDir(), "help.zip")
	e.wherry("diagnose", "-o", archive)
	if st, err := os.Stat(archive); err != nil || st.Size() < 500 {
		t.Errorf("%v, %v", st, err)
	}
}
