package guest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// mount is a share that is mounted.
type mount struct {
	share wire.Share
	fs    *filesystem
	dir   string // where its filesystem is mounted, writable
}

// device is the kernel's end of a filesystem, for what go-fuse has no call for.
type device struct{ fd int }

// expire has the kernel look a name up again when it is used next, without forgetting what is mounted on it.
func (d *device) expire(parent uint64, name string) {
	const (
		headLen         = 16
		notifyInvalName = 3
		expireOnly      = 1
	)
	ne := binary.NativeEndian
	b := make([]byte, 0, headLen+16+len(name)+1)
	b = ne.AppendUint32(b, uint32(cap(b)))
	b = ne.AppendUint32(b, notifyInvalName)
	b = ne.AppendUint64(b, 0)
	b = ne.AppendUint64(b, parent)
	b = ne.AppendUint32(b, uint32(len(name)))
	b = ne.AppendUint32(b, expireOnly)
	b = append(append(b, name...), 0)
	_, _ = unix.Write(d.fd, b) // ENOENT: the kernel does not know it
}

// maxWrite is the most that the kernel writes at once.
const maxWrite = 1 << 20

// serveMount mounts a filesystem on a folder and serves it.
func (f *filesystem) serveMount(dir string) error {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other,max_read=%d", fd, maxWrite)
	if err := unix.Mount("wherry", dir, "fuse.wherry", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOATIME, options); err != nil {
		unix.Close(fd)
		return fmt.Errorf("mount %q: %w", dir, err)
	}
	// go-fuse closes its descriptor when it has ended; ours outlives it.
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("keep /dev/fuse: %w", err)
	}
	f.device = &device{fd: own}
	f.server, err = fuse.NewServer(f, "/dev/fd/"+strconv.Itoa(fd), &fuse.MountOptions{
		FsName: "wherry", Name: "wherry", MaxWrite: maxWrite, MaxReadAhead: maxWrite, MaxBackground: 64,
		Debug: os.Getenv("FUSEDBG") != "", ExplicitDataCacheControl: true, EnableSymlinkCaching: true, DisableSplice: true,
		ExtraCapabilities: fuse.CAP_NO_OPENDIR_SUPPORT | fuse.CAP_HANDLE_KILLPRIV_V2 | fuse.CAP_READDIRPLUS_AUTO | fuse.CAP_HAS_EXPIRE_ONLY,
	})
	if err != nil {
		return fmt.Errorf("serve %q: %w", dir, err)
	}
	go func() {
		f.server.Serve()
		unix.Close(own)
	}()
	f.refusePoll(dir)
	f.readAhead(dir)
	return nil
}

// refusePoll has the kernel ask once whether files can be polled, with a file that go-fuse answers for: the runtime's own
// polling of a file in the mount would wait for a thread that waits for the runtime.
func (f *filesystem) refusePoll(dir string) {
	fd, err := unix.Open(dir+"/.go-fuse-epoll-hack", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		f.client.log.Debug("polling is not refused", "error", err)
		return
	}
	defer unix.Close(fd)
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
}

// readAhead has the kernel read files ahead by as much as one request carries.
func (f *filesystem) readAhead(dir string) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return
	}
	path := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", unix.Major(st.Dev), unix.Minor(st.Dev))
	if err := os.WriteFile(path, []byte(strconv.Itoa(2*maxWrite>>10)), 0); err != nil {
		f.client.log.Debug("read ahead", "error", err)
	}
}

// String implements fuse.RawFileSystem.
func (f *filesystem) String() string { return "wherry" }

// mountAll makes the mounts those that the host wants, and says what came of it.
func (c *Client) mountAll(s *session, list []wire.Share) {
	c.mounting.Lock()
	defer c.mounting.Unlock()
	want := map[string]wire.Share{}
	for _, sh := range list {
		want[sh.Path] = sh
	}
	for path, m := range c.mounts {
		if w, ok := want[path]; !ok || w.ReadOnly != m.share.ReadOnly {
			c.unmount(m)
			c.keepMount(path, nil)
		}
	}
	var report []byte
	for _, path := range slices.Sorted(maps.Keys(want)) { // outer ones before those in them
		err := c.mount(s, want[path])
		report = append(report, path...)
		if err != nil {
			c.log.Error("mount share", "path", path, "error", err)
			report = append(append(report, 0), err.Error()...)
		}
		report = append(report, '\n')
	}
	c.mu.Lock()
	c.nextID++
	q := wire.Request{Op: wire.OpMounted, ID: c.nextID, Data: report}
	c.mu.Unlock()
	_ = s.out.Send(q.Append(nil))
	c.once.Do(func() { close(c.ready) })
}

// allMounts are the mounts; it does not wait for one that is being made.
func (c *Client) allMounts() []*mount {
	c.mountsMu.Lock()
	defer c.mountsMu.Unlock()
	return slices.Collect(maps.Values(c.mounts))
}

// keepMount adds or removes (nil) a mount.
func (c *Client) keepMount(path string, m *mount) {
	c.mountsMu.Lock()
	defer c.mountsMu.Unlock()
	if m == nil {
		delete(c.mounts, path)
		return
	}
	c.mounts[path] = m
}

// mount mounts a share, if it is not.
func (c *Client) mount(s *session, sh wire.Share) error {
	if m := c.mounts[sh.Path]; m != nil {
		m.share = sh
		return nil
	}
	if err := allowed(sh.Path); err != nil {
		return err
	}
	f := &filesystem{
		RawFileSystem: fuse.NewDefaultRawFileSystem(), client: c, path: sh.Path,
		nodes: map[uint64]*node{}, bySID: map[uint64]*node{}, files: map[file]*node{}, names: map[place]*node{}, next: 1, lists: map[uint64]*listing{},
	}
	f.root = &node{id: 1, fs: f, sid: sh.Root, epoch: s.epoch}
	f.nodes[1], f.bySID[sh.Root] = f.root, f.root
	r, errno := c.call(nil, &wire.Request{Op: wire.OpGetAttr}, f.root, nil)
	if errno != 0 {
		return fmt.Errorf("look at the share: %w", errno)
	}
	f.update(f.root, &r.Entry.Attr, 0)
	m := &mount{share: sh, fs: f, dir: filepath.Join(c.cfg.Dir, strings.ReplaceAll(sh.Path[1:], "/", "\\"))}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return fmt.Errorf("make mount point: %w", err)
	}
	if err := f.serveMount(m.dir); err != nil {
		return err
	}
	if err := m.bind(); err != nil {
		return errors.Join(err, unix.Unmount(m.dir, unix.MNT_DETACH))
	}
	c.keepMount(sh.Path, m)
	return nil
}

// bind makes the filesystem appear at the share's path.
func (m *mount) bind() error {
	path := m.share.Path
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := unix.Mount(m.dir, path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind to %q: %w", path, err)
	}
	if m.share.ReadOnly {
		if err := unix.Mount("", path, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
			return errors.Join(fmt.Errorf("make %q read-only: %w", path, err), unix.Unmount(path, unix.MNT_DETACH))
		}
	}
	return nil
}

// unmount takes a share away. Containers that hold it get errors.
func (c *Client) unmount(m *mount) {
	for _, path := range []string{m.share.Path, m.dir} {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			c.log.Warn("unmount share", "path", path, "error", err)
		}
	}
}

// allowed refuses paths that the guest cannot do without.
func allowed(path string) error {
	if filepath.Clean(path) != path || !strings.HasPrefix(path, "/") {
		return fmt.Errorf("%q is not a clean path", path)
	}
	top, _, below := strings.Cut(path[1:], "/")
	switch top {
	case "", "proc", "sys", "dev", "run", "etc", "usr", "bin", "sbin", "lib", "lib64", "boot":
		return fmt.Errorf("%q is a folder of the guest's own system", path)
	case "var", "tmp", "home":
		if !below {
			return fmt.Errorf("%q is a folder of the guest's own system", path)
		}
	}
	return nil
}
