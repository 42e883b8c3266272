package pid1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/linuxvm/link"
)

// bootLimit is generous: an emulated guest on a busy machine is slow.
const bootLimit = 4 * time.Minute

// guest is a virtual machine with the image of this tree.
type guest struct {
	control *control.Client
	link    *link.Client
	console *syncBuffer
	// hangUp ends the link.
	hangUp func()
	gone   <-chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// guestImage finds the image of this tree, or skips the test; in CI it has to be there.
func guestImage(t *testing.T) *image.Image {
	t.Helper()
	missing := func(reason string) {
		if os.Getenv("CI") != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	if testing.Short() {
		t.Skip("boots a virtual machine")
	}
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		missing("QEMU is not installed")
	}
	i, err := image.Open(image.Config{Dir: filepath.Join("..", "..", "dist", "guest-amd64"), Hint: "run `make guest`"})
	if err != nil {
		missing(fmt.Sprintf("no guest image: %v", err))
	}
	return i
}

// newDisk makes a sparse file.
func newDisk(t *testing.T, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.img")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	return path
}

// boot starts a guest; it is killed at the test's end.
func boot(t *testing.T, data, cmdline string) *guest {
	t.Helper()
	i := guestImage(t)
	socket := filepath.Join(t.TempDir(), "link")
	g := &guest{console: &syncBuffer{}}
	// One thread for both processors: QEMU before 8.1 may run code that the other one is just patching (docs/guest.md),
	// and nobody boots this guest again.
	cmd := exec.Command("qemu-system-x86_64",
		"-M", "q35,vmport=off", "-accel", "tcg,thread=single,tb-size=512", "-cpu", "max", "-smp", "2", "-m", "1536",
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-kernel", i.Path(image.Kernel), "-initrd", i.Path(image.Initrd),
		"-append", "console=ttyS0 "+i.Manifest.Cmdline+" "+cmdline,
		"-drive", "if=none,id=root,format=raw,readonly=on,file="+i.Path(image.Root),
		"-device", "virtio-blk-pci,drive=root,serial=wherry-root",
		"-drive", "if=none,id=data,format=raw,discard=unmap,file="+data,
		"-device", "virtio-blk-pci,drive=data,serial=wherry-data",
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=link,server=on,wait=off,path="+socket,
		"-device", "virtserialport,name=wherry.link,chardev=link",
		"-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,mac=5a:94:ef:e4:0c:ee,romfile=",
		"-device", "virtio-balloon-pci,free-page-reporting=on", "-device", "virtio-rng-pci")
	cmd.Stdout, cmd.Stderr = g.console, g.console
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	g.gone = gone
	go func() {
		defer close(gone)
		_ = cmd.Wait()
	}()
	ctx, cancel := context.WithCancel(context.Background())
	g.link = link.NewClient(link.Config{Open: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}})
	g.control = control.NewClient(g.link)
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.link.Run(ctx) })
	g.hangUp = func() {
		_ = g.control.Close()
		cancel()
		wg.Wait()
	}
	t.Cleanup(func() {
		g.hangUp()
		_ = cmd.Process.Kill()
		<-gone
		if t.Failed() {
			t.Logf("console:\n%s", g.console)
		}
	})
	return g
}

var errEnough = errors.New("enough")

// await waits for a status that is as wanted.
func (g *guest) await(t *testing.T, what string, want func(control.Status) bool) control.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	go func() {
		select {
		case <-g.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	var last control.Status
	err := g.control.Watch(ctx, func(s control.Status) error {
		last = s
		if want(s) {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("await %s: %v; last status %+v", what, err, last)
	}
	return last
}

func (g *guest) awaitDocker(t *testing.T) control.Status {
	t.Helper()
	s := g.await(t, "docker", func(s control.Status) bool { return s.DockerReady || s.Problem != nil })
	if s.Problem != nil {
		t.Fatalf("problem: %+v", *s.Problem)
	}
	return s
}

// sh runs a shell line in the guest and returns its output.
func (g *guest) sh(t *testing.T, line string) string {
	t.Helper()
	var out bytes.Buffer
	request := control.ShellRequest{Args: []string{"sh", "-c", line}}
	if err := control.Shell(t.Context(), g.link, request, strings.NewReader(""), &out, nil); err != nil {
		t.Fatalf("shell %q: %v", line, err)
	}
	return strings.TrimSpace(out.String())
}

func (g *guest) logs(t *testing.T, service string) string {
	t.Helper()
	var out bytes.Buffer
	if err := g.control.Logs(t.Context(), service, false, &out); err != nil {
		t.Fatalf("log of %s: %v", service, err)
	}
	return out.String()
}

// shutdown asks for a clean end and waits for it.
func (g *guest) shutdown(t *testing.T) {
	t.Helper()
	if err := g.control.Shutdown(t.Context(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	g.awaitEnd(t)
}

func (g *guest) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-g.gone:
	case <-time.After(bootLimit):
		t.Fatal("the guest does not power off")
	}
	if !strings.Contains(g.console.String(), "Power down") {
		t.Error("the guest ended without powering off")
	}
}

func TestGuestBootsKeepsDataAndGrows(t *testing.T) {
	disk := newDisk(t, 4<<30)
	g := boot(t, disk, "")
	status := g.awaitDocker(t)
	checkStatus(t, status)
	checkShell(t, g)
	if got := g.logs(t, control.ServiceDockerd); !strings.Contains(got, "API listen on /run/docker.sock") {
		t.Errorf("dockerd's log: %s", got)
	}
	if got := g.logs(t, control.ServiceKernel); !strings.Contains(got, "Linux version") {
		t.Errorf("kernel's log: %.500s", got)
	}
	if got := g.sh(t, "netstat -ltn | grep -c LISTEN"); got != "0" {
		t.Errorf("%s programs listen on the network: %s", got, g.sh(t, "netstat -ltnp"))
	}
	checkRestart(t, g)
	g.sh(t, "echo kept > /var/lib/wherry/test")
	g.shutdown(t)

	if err := os.Truncate(disk, 6<<30); err != nil {
		t.Fatal(err)
	}
	g = boot(t, disk, "")
	grown := g.awaitDocker(t)
	if grown.Data.Total < status.Data.Total+(3<<29) {
		t.Errorf("the data disk has %d bytes and had %d", grown.Data.Total, status.Data.Total)
	}
	if grown.BootID == status.BootID {
		t.Error("two boots have the same id")
	}
	if got := g.sh(t, "cat /var/lib/wherry/test"); got != "kept" {
		t.Errorf("the data disk's file has %q", got)
	}
	g.shutdown(t)
}

func checkStatus(t *testing.T, s control.Status) {
	t.Helper()
	if s.Protocol != control.ProtocolVersion || s.Kernel == "" || s.BootID == "" || s.Memory.Total == 0 ||
		s.Data.Filesystem != "ext4" || s.Data.Free == 0 {
		t.Errorf("status is %+v", s)
	}
	for _, name := range []string{"kernel", "initrd", "root", "modules", "network", "data-disk", "containerd", "dockerd"} {
		found := false
		for _, stage := range s.Stages {
			found = found || stage.Name == name && (stage.End > stage.Start || name == "modules")
		}
		if !found {
			t.Errorf("no stage %q in %+v", name, s.Stages)
		}
	}
}

func checkShell(t *testing.T, g *guest) {
	t.Helper()
	if got := g.sh(t, "echo $HOME; pwd; id -u"); got != "/root\n/root\n0" {
		t.Errorf("shell says %q", got)
	}
	var out bytes.Buffer
	request := control.ShellRequest{Args: []string{"sh", "-c", "stty size; tty"}, TTY: true, Cols: 100, Rows: 30}
	if err := control.Shell(t.Context(), g.link, request, strings.NewReader(""), &out, nil); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "30 100\r\n/dev/pts/0\r\n" {
		t.Errorf("shell on a terminal says %q", got)
	}
	err := control.Shell(t.Context(), g.link, control.ShellRequest{Args: []string{"nonsense"}}, strings.NewReader(""), io.Discard, nil)
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a program that is not there: %v", err)
	}
}

// checkRestart kills dockerd, which has to come back.
func checkRestart(t *testing.T, g *guest) {
	t.Helper()
	g.sh(t, "kill -9 $(pidof dockerd)")
	s := g.await(t, "dockerd's restart", func(s control.Status) bool {
		for _, service := range s.Services {
			if service.Name == control.ServiceDockerd && service.Restarts == 1 {
				return s.DockerReady
			}
		}
		return false
	})
	if s.Problem != nil {
		t.Errorf("problem: %+v", *s.Problem)
	}
}

// TestGuestLeavesAForeignDiskAlone boots with a disk that holds something else: the guest says so and can be looked at.
func TestGuestLeavesAForeignDiskAlone(t *testing.T) {
	const where, content = 700 << 20, "somebody's data"
	disk := newDisk(t, 2<<30)
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(content), 512); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(content), where); err != nil {
		t.Fatal(err)
	}
	g := boot(t, disk, "")
	s := g.await(t, "problem", func(s control.Status) bool { return s.Problem != nil || s.DockerReady })
	if s.Problem == nil || s.Problem.Stage != "data-disk" || s.Problem.Hint == "" || s.DockerReady {
		t.Fatalf("status is %+v", s)
	}
	if got := g.sh(t, "echo works"); got != "works" {
		t.Errorf("shell says %q", got)
	}
	if got := g.logs(t, control.ServiceAgent); !strings.Contains(got, "data disk") {
		t.Errorf("agent's log: %s", got)
	}
	g.shutdown(t)
	for _, offset := range []int64{512, where} {
		got := make([]byte, len(content))
		if _, err := f.ReadAt(got, offset); err != nil || string(got) != content {
			t.Errorf("the disk has %q at %d, %v", got, offset, err)
		}
	}
}

// TestGuestEndsWithoutHost boots a guest that nobody connects to.
func TestGuestEndsWithoutHost(t *testing.T) {
	i := guestImage(t)
	if err := i.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	g := boot(t, newDisk(t, 2<<30), "wherry.orphan=3")
	g.await(t, "agent", func(control.Status) bool { return true })
	g.hangUp()
	g.awaitEnd(t)
}
