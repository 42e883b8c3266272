package qemu

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
	"golang.org/x/sys/unix"
)

// fullEnv says that a test process may mount what it likes.
const fullEnv = "WHERRY_TEST_MOUNTS"

// TestHostDiskFull fills the small filesystem that holds a disk. It runs in a process with mounts of its own.
func TestHostDiskFull(t *testing.T) {
	needQEMU(t)
	guestKernel(t)
	if os.Getenv(fullEnv) != "" {
		testHostDiskFull(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHostDiskFull$", "-test.v")
	cmd.Env = append(os.Environ(), fullEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	printed, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) {
		missing(t, "mounts of its own are missing: %v", err)
	}
	if err != nil || !strings.Contains(string(printed), "--- PASS: TestHostDiskFull") {
		t.Fatalf("%v\n%s", err, printed)
	}
}

func testHostDiskFull(t *testing.T) {
	s := testSpec(t)
	filler := withSmallDisk(t, &s)
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	pauses, cancel := m.(vmhost.Pauser).Pauses()
	defer cancel()
	if p := <-pauses; p.Err != nil {
		t.Fatalf("machine is paused from the start: %v", p.Err)
	}
	conn, err := m.Open(t.Context(), vmhost.ChannelLink)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	said := func(want string) {
		t.Helper()
		if line, err := lines.ReadString('\n'); line != want+"\n" {
			t.Fatalf("guest says %q, %v, want %q", line, err, want)
		}
	}
	said(echo.Greeting(1))
	st := vmhost.State{File: filepath.Join(filepath.Dir(filler), "state")}
	if err := m.(vmhost.Suspender).Suspend(t.Context(), st); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("Suspend() to a full disk = %v, want ENOSPC", err)
	}
	if left, err := filepath.Glob(st.File + "*"); err != nil || len(left) > 0 {
		t.Fatalf("%q are left", left)
	}
	conn = wantSession(t, m, 2)
	lines.Reset(conn)
	if _, err := fmt.Fprintln(conn, echo.Fill); err != nil {
		t.Fatal(err)
	}
	wantFull := func() {
		t.Helper()
		p := <-pauses
		if !errors.Is(p.Err, vmhost.ErrHostFull) || p.Disk != "data" {
			t.Fatalf("pause = %+v, want disk data and ErrHostFull", p)
		}
		wantHint(t, p.Err)
	}
	wantFull()
	if err := m.(vmhost.Suspender).Suspend(t.Context(), vmhost.State{File: s.Dir + ".state"}); err == nil {
		t.Fatal("paused machine is suspended")
	}
	// Still full: it may run for a moment, and is paused again.
	if err := m.(vmhost.Pauser).Continue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for p := range pauses {
		if p.Err != nil {
			break
		}
	}
	m = adoptAgain(t, m, s)
	pauses, cancel = m.(vmhost.Pauser).Pauses()
	defer cancel()
	wantFull()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := m.(vmhost.Pauser).Continue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := <-pauses; p.Err != nil {
		t.Fatalf("pause = %+v, want none", p)
	}
	said(echo.Fill)
	disk, err := os.ReadFile(s.Disks[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Repeat([]byte("full"), mebibyte/4); !bytes.Equal(disk[:mebibyte], want) {
		t.Error("the disk has not what the guest wrote")
	}
}

// withSmallDisk gives a machine a disk on a filesystem that has no space for it as long as the returned file is there,
// and the driver for it.
func withSmallDisk(t *testing.T, s *vmhost.Spec) (filler string) {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("small", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	s.Disks = []vmhost.Disk{{ID: "data", Path: filepath.Join(dir, "disk")}}
	filler = filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1500<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Disks[0].Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.Disks[0].Path, 4*mebibyte); err != nil {
		t.Fatal(err)
	}
	// The image's initrd has the module; the test's init comes behind it and takes the place of the image's.
	image, err := os.ReadFile(filepath.Join(filepath.Dir(s.Kernel), "initrd"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(s.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Initrd, append(image, ours...), 0o600); err != nil {
		t.Fatal(err)
	}
	return filler
}
