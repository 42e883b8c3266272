package pid1

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// giveBack gives memory and disk space back to the host when nothing goes on, until ctx ends.
func (a *Agent) giveBack(ctx context.Context) {
	high := &highLimit{}
	g := &giver{}
	pressed := make(chan struct{}, 1)
	go watchEvents(ctx, containersGroup+"/memory.events", pressed)
	timer := time.NewTimer(watchEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pressed: // the containers have reached their limit
			a.logError("memory.high", high.set())
			continue
		case <-timer.C:
		}
		a.logError("memory.high", high.set())
		d := g.look(readUsage())
		a.do(d)
		if d.sync {
			g.took(readUsage())
		}
		timer.Reset(d.next)
	}
}

func (a *Agent) logError(what string, err error) {
	if err != nil {
		a.log.Debug(what, "error", err)
	}
}

// do does a deed. Its failures are logged: the next calm is another chance.
func (a *Agent) do(d deed) {
	root, err := os.Open(dataDir)
	if err != nil {
		return
	}
	defer root.Close()
	if d.sync {
		a.logError("sync", unix.Syncfs(int(root.Fd())))
	}
	if d.drop > 0 {
		begun := sinceBoot()
		a.logError("drop caches", dropCaches(d.drop))
		a.log.Debug("caches dropped", "bytes", d.drop, "took", sinceBoot()-begun)
	}
	if d.trim {
		n, err := trim(root)
		a.logError("trim", err)
		a.log.Debug("data disk trimmed", "bytes", n)
	}
}

// dropCaches drops that much of what was used least recently.
func dropCaches(bytes int64) error {
	err := os.WriteFile("/sys/fs/cgroup/memory.reclaim", []byte(strconv.FormatInt(bytes, 10)), 0)
	if errors.Is(err, unix.EAGAIN) {
		return nil // a part of it
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
	}
	return err
}

// trim discards all free blocks of a mounted filesystem and returns how many bytes that were.
func trim(root *os.File) (uint64, error) {
	const fitrim = 0xc0185879 // FITRIM
	r := struct{ start, length, least uint64 }{0, ^uint64(0), 1 << 20}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, root.Fd(), fitrim, uintptr(unsafe.Pointer(&r)))
	if errno != 0 {
		return 0, fmt.Errorf("trim data disk: %w", errno)
	}
	return r.length, nil
}

// readUsage reads the counters; what cannot be read is 0.
func readUsage() usage {
	u := usage{at: sinceBoot()}
	u.cpu = time.Duration(field(containersGroup+"/cpu.stat", "usage_usec")) * time.Microsecond
	const page, kib = 4096, 1024
	v := fields("/proc/vmstat", "pgpgin", "nr_dirtied", "workingset_refault_file")
	u.paged = v["pgpgin"]*kib + v["nr_dirtied"]*page
	u.refaulted = v["workingset_refault_file"] * page
	m := fields("/proc/meminfo", "Cached:", "Buffers:", "SReclaimable:", "Shmem:")
	u.cache = (m["Cached:"] + m["Buffers:"] + m["SReclaimable:"] - m["Shmem:"]) * kib
	var fs unix.Statfs_t
	if unix.Statfs(dataDir, &fs) == nil {
		u.freed = int64(fs.Bfree) * fs.Bsize
	}
	return u
}

// fields are the numbers behind names in a file of lines like "name 12 kB".
func fields(path string, names ...string) map[string]int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	found := make(map[string]int64, len(names))
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		for _, name := range names {
			if f[0] == name {
				found[name], _ = strconv.ParseInt(f[1], 10, 64)
			}
		}
	}
	return found
}

func field(path, name string) int64 { return fields(path, name)[name] }

// highLimit is the containers' memory.high.
type highLimit struct{ now int64 }

// set brings the limit up to date.
func (h *highLimit) set() error {
	m := fields("/proc/meminfo", "MemTotal:")
	s := fields(containersGroup+"/memory.stat", "anon", "shmem", "kernel", "slab_reclaimable")
	if m["MemTotal:"] == 0 || s == nil {
		return nil
	}
	want := highFor(m["MemTotal:"]<<10, s["anon"]+s["shmem"]+s["kernel"]-s["slab_reclaimable"])
	const step = 32 << 20
	if want-h.now < step && h.now-want < step && (want == 0) == (h.now == 0) {
		return nil
	}
	text := "max"
	if want > 0 {
		text = strconv.FormatInt(want, 10)
	}
	h.now = want
	return os.WriteFile(containersGroup+"/memory.high", []byte(text), 0)
}

// watchEvents tells of changes of a control group's file of events, until ctx ends.
func watchEvents(ctx context.Context, path string, changed chan<- struct{}) {
	const (
		look  = 10_000                 // milliseconds until ctx is looked at
		pause = 100 * time.Millisecond // between two events that are told
	)
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	buf := make([]byte, 4096)
	for ctx.Err() == nil {
		_, _ = f.ReadAt(buf, 0) // a change is told once it has been read
		fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLPRI}}
		if n, err := unix.Poll(fds, look); err != nil && !errors.Is(err, unix.EINTR) {
			return
		} else if n <= 0 {
			continue
		}
		select {
		case changed <- struct{}{}:
		default:
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}
