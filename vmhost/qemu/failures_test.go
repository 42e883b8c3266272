package qemu

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// newTestMachine makes a machine that is killed at the end of the test.
func newTestMachine(t *testing.T, d *Driver, s vmhost.Spec) vmhost.Machine {
	t.Helper()
	m, err := d.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background(), vmhost.StopKill); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return m
}

func mustStart(t *testing.T, m vmhost.Machine) vmhost.Info {
	t.Helper()
	info, err := m.Start(t.Context())
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return info
}

// wantRefused starts a machine that must not start: with a hint for the user, and without leaving anything behind.
func wantRefused(t *testing.T, d *Driver, s vmhost.Spec, want error, word string) {
	t.Helper()
	m := newTestMachine(t, d, s)
	_, err := m.Start(t.Context())
	if err == nil {
		t.Fatal("machine starts")
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("Start() = %v, want %v", err, want)
	}
	if !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Start() = %q, want one line with %q", err, word)
	}
	wantHint(t, err)
	if <-m.Done(); !errors.Is(m.Err(), err) {
		t.Errorf("Err() = %v, want %v", m.Err(), err)
	}
	wantOnly(t, s.Dir, "lock", "qemu.log")
}

func wantHint(t *testing.T, err error) {
	t.Helper()
	var hint vmhost.Hinter
	if !errors.As(err, &hint) || hint.Hint() == "" || strings.HasSuffix(hint.Hint(), ".") {
		t.Errorf("error %v has no proper hint", err)
	}
}

// wantOnly checks that a machine's folder has no other files, if there is one.
func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+entry.Name()+" ") {
			t.Errorf("%s is left in the machine's folder", entry.Name())
		}
	}
}

func writeFile(t *testing.T, path string, size int) string {
	t.Helper()
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestQEMUMissing(t *testing.T) {
	d := New(Config{Binary: filepath.Join(t.TempDir(), "qemu-system-none")})
	if err := d.Probe(t.Context()); !errors.Is(err, vmhost.ErrNotInstalled) {
		t.Errorf("Probe() = %v, want ErrNotInstalled", err)
	}
	s := testSpec(t)
	wantRefused(t, d, s, vmhost.ErrNotInstalled, "qemu-system-none")

	t.Setenv("PATH", t.TempDir())
	for arch, command := range map[vmhost.Arch]string{vmhost.AMD64: "x86", vmhost.ARM64: "arm"} {
		if _, err := findBinary("", arch); err != nil { // else it is where its installer puts it
			wantHint(t, err)
			if !errors.Is(err, vmhost.ErrNotInstalled) {
				t.Errorf("findBinary(%s) = %v, want ErrNotInstalled", arch, err)
			}
		}
		if !strings.Contains(installCommand(arch), "qemu") {
			t.Errorf("command to install QEMU for %s: %q (%s)", arch, installCommand(arch), command)
		}
	}
}

func TestMissingFiles(t *testing.T) {
	d, good := testDriver(t), testSpec(t)
	home := filepath.Dir(good.Dir)
	tests := map[string]struct {
		change func(*vmhost.Spec)
		word   string
	}{
		"kernel":        {func(s *vmhost.Spec) { s.Kernel = home + "/no kernel" }, "no kernel"},
		"initrd":        {func(s *vmhost.Spec) { s.Initrd = home }, "is a folder"},
		"disk":          {func(s *vmhost.Spec) { s.Disks = []vmhost.Disk{{ID: "d", Path: home + "/no disk"}} }, "no disk"},
		"folder":        {func(s *vmhost.Spec) { s.Dir = s.Initrd + "/below a file" }, "machine folder"},
		"console log":   {func(s *vmhost.Spec) { s.ConsoleLog = home + "/none/log" }, "log"},
		"kernel format": {func(s *vmhost.Spec) { s.Kernel = writeFile(t, home+"/garbage", 5000) }, "kernel"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := good
			test.change(&s)
			wantRefused(t, d, s, nil, test.word)
		})
	}
}

func TestBadSpecs(t *testing.T) {
	good := vmhost.Spec{
		Arch: vmhost.AMD64, CPUs: 1, Memory: 512 * mebibyte, Kernel: "/k", MAC: "5a:94:ef:e4:0c:ee", Dir: "/d", ConsoleLog: "/c",
	}
	d := New(Config{})
	if _, err := d.Create(t.Context(), good); err != nil {
		t.Fatalf("Create() of a good spec = %v", err)
	}
	for name, change := range map[string]func(*vmhost.Spec){
		"architecture":     func(s *vmhost.Spec) { s.Arch = "riscv64" },
		"accelerator":      func(s *vmhost.Spec) { s.Accel = "warp" },
		"no processors":    func(s *vmhost.Spec) { s.CPUs = 0 },
		"uneven memory":    func(s *vmhost.Spec) { s.Memory++ },
		"little memory":    func(s *vmhost.Spec) { s.Memory = mebibyte },
		"no kernel":        func(s *vmhost.Spec) { s.Kernel = "" },
		"relative folder":  func(s *vmhost.Spec) { s.Dir = "d" },
		"no console log":   func(s *vmhost.Spec) { s.ConsoleLog = "" },
		"multicast MAC":    func(s *vmhost.Spec) { s.MAC = "01:00:5e:00:00:01" },
		"long MAC":         func(s *vmhost.Spec) { s.MAC = "00:00:00:00:fe:80:00:00" },
		"long disk ID":     func(s *vmhost.Spec) { s.Disks = []vmhost.Disk{{ID: strings.Repeat("x", 21), Path: "/x"}} },
		"disk ID twice":    func(s *vmhost.Spec) { s.Disks = []vmhost.Disk{{ID: "x", Path: "/x"}, {ID: "x", Path: "/y"}} },
		"long socket path": func(s *vmhost.Spec) { s.Dir = "/" + strings.Repeat("d", 95) },
	} {
		s := good
		change(&s)
		_, err := d.Create(t.Context(), s)
		if err == nil {
			t.Errorf("%s: Create() accepts it", name)
		}
		if name == "long socket path" {
			wantHint(t, err)
		}
	}
}

func TestDiskLocked(t *testing.T) {
	d, a, b := testDriver(t), testSpec(t), testSpec(t)
	a.Disks = []vmhost.Disk{
		{ID: "root", Path: writeFile(t, filepath.Join(filepath.Dir(a.Dir), "root, 1"), mebibyte), ReadOnly: true},
		{ID: "data", Path: writeFile(t, filepath.Join(filepath.Dir(a.Dir), "data, 1"), mebibyte)},
	}
	first := newTestMachine(t, d, a)
	mustStart(t, first)

	b.Disks = a.Disks[:1] // what is only read can be shared
	mustStart(t, newTestMachine(t, d, b))

	b = testSpec(t)
	b.Disks = a.Disks
	wantRefused(t, d, b, vmhost.ErrDiskLocked, a.Disks[1].Path)
	mustStart(t, first) // is still there
}

func TestNoMemory(t *testing.T) {
	s := testSpec(t)
	s.Accel = "tcg"
	s.Memory = 64 << 40
	wantRefused(t, testDriver(t), s, vmhost.ErrNoMemory, "MiB")
}

func TestAdoptNeedsAnAnswer(t *testing.T) {
	d, s := testDriver(t), testSpec(t)
	left := startOrphan(t, s)
	// Somebody else talks to QEMU, which serves one client at a time.
	other, err := net.Dial("unix", filesIn(s.Dir).monitor)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := d.Adopt(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Adopt() = %v, want DeadlineExceeded", err)
	}
	// It says nonsense and goes; QEMU is still fine.
	if _, err := other.Write([]byte("\x00\xff{]GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = other.Close()
	if found, err := d.Find(t.Context(), s.Dir); err != nil || found != left {
		t.Errorf("Find() = %+v, %v, want %+v", found, err, left)
	}
	m, err := d.Adopt(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Error(err)
	}
	wantOnly(t, s.Dir, "lock", "qemu.log")
}

func TestGarbageOnTheChannels(t *testing.T) {
	m := newTestMachine(t, testDriver(t), testSpec(t))
	mustStart(t, m)
	for _, ch := range []vmhost.Channel{vmhost.ChannelLink, vmhost.ChannelNetwork} {
		for range 2 {
			conn, err := m.Open(t.Context(), ch)
			if err != nil {
				t.Fatal(err)
			}
			garbage := make([]byte, 64<<10)
			for i := range garbage {
				garbage[i] = byte(i*i + i>>8)
			}
			_ = conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)) // nobody may be reading
			_, _ = conn.Write(garbage)
			_ = conn.Close()
		}
	}
	var status struct{ Running bool }
	run := m.(*Machine).run
	if err := run.monitor.execute(t.Context(), "query-status", nil, &status); err != nil || !status.Running {
		t.Errorf("query-status = %+v, %v", status, err)
	}
	select {
	case <-m.Done():
		t.Errorf("machine is gone: %v", m.Err())
	default:
	}
}

// TestNetworkChannelReopens lets QEMU send frames in the name of the guest's card.
func TestNetworkChannelReopens(t *testing.T) {
	s := testSpec(t)
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	mac, err := net.ParseMAC(s.MAC)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		conn, err := m.Open(t.Context(), vmhost.ChannelNetwork)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		frame := announce(t, m.(*Machine).run.monitor, conn)
		if len(frame) < 14 || string(frame[6:12]) != string(mac) {
			t.Errorf("frame % x does not come from %s", frame, s.MAC)
		}
		_ = conn.Close()
	}
}

// announce makes QEMU announce the guest's card until a frame arrives: QEMU accepts a client when it gets to it.
func announce(t *testing.T, m *monitor, conn net.Conn) []byte {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	announced := make(chan struct{})
	go func() {
		defer close(announced)
		args := map[string]int{"initial": 50, "max": 50, "rounds": 3, "step": 10}
		for m.execute(ctx, "announce-self", args, nil) == nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	defer func() {
		cancel()
		<-announced
	}()
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		t.Fatalf("read frame: %v", err)
	}
	frame := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(conn, frame); err != nil {
		t.Fatalf("read frame: %v", err)
	}
	return frame
}
