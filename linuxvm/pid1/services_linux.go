package pid1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// Sockets of the services inside the guest. None of them listens on a network.
const (
	containerdSocket = "/run/containerd/containerd.sock"
	runDir           = "/run/wherry"
)

// A program is how a service is started.
type program struct {
	name, path string
	args, env  []string
	// oom is how soon the kernel kills it for memory, from -1000 (never) on.
	oom string
}

func containerd() program {
	return program{
		name: control.ServiceContainerd, path: "/usr/bin/containerd", oom: "-999",
		args: []string{"--config", "/etc/containerd/config.toml"},
	}
}

func dockerd(o Options) program {
	mtu := strconv.Itoa(o.MTU)
	p := program{name: control.ServiceDockerd, path: "/usr/sbin/dockerd", oom: "-500", args: []string{
		"--host=unix://" + dockerSocket,
		"--containerd=" + containerdSocket,
		"--exec-root=/run/docker",
		"--pidfile=/run/docker.pid",
		"--storage-driver=overlay2",
		"--userland-proxy=false",
		"--ip6tables=false",
		// Bridges as large as the card: their frames never see a wire (docs/forwarding.md has what it brings).
		"--mtu=" + mtu, "--default-network-opt=bridge=com.docker.network.driver.mtu=" + mtu,
		"--host-gateway-ip=" + o.Host().String(),
	}, env: dockerdEnv(o)}
	if o.Bridge.IsValid() {
		p.args = append(p.args, "--bip="+o.Bridge.String())
	}
	for _, pool := range o.Pools {
		p.args = append(p.args, "--default-address-pool=base="+pool.Base.String()+",size="+strconv.Itoa(pool.Size))
	}
	if o.Debug {
		p.args = append(p.args, "--debug")
	}
	return p
}

// runServices runs containerd and dockerd until the guest is to power off and they have ended.
func (a *Agent) runServices(dataReady <-chan struct{}) {
	stopContainerd, killContainerd := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		a.service(containerd(), dataReady, func(bool) {}).run(stopContainerd, killContainerd)
	})
	docker := a.dockerd(dataReady)
	if a.config.Folders != nil {
		docker.needs = append(docker.needs, within(foldersGrace, a.config.Folders))
	}
	docker.run(a.shutdown, a.deadline)
	<-a.shutdown
	close(stopContainerd)
	stop := after(containerdGrace, killContainerd)
	wg.Wait()
	stop()
}

// foldersGrace is how long docker waits for the shared folders.
const foldersGrace = 5 * time.Second

// within is closed when c is, or after a time.
func within(d time.Duration, c <-chan struct{}) <-chan struct{} {
	either := make(chan struct{})
	go func() {
		defer close(either)
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-c:
		case <-t.C:
		}
	}()
	return either
}

func (a *Agent) service(p program, need <-chan struct{}, onReady func(bool)) *service {
	return &service{
		name: p.name, board: a.board, log: a.log, onReady: onReady,
		needs: []<-chan struct{}{need},
		start: func() (*process, error) { return a.startProgram(p) },
	}
}

// startProgram starts a service's program, with a socket for its notifications and its output going to its log.
func (a *Agent) startProgram(p program) (*process, error) {
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	socket, notifications, err := listenNotify(runDir + "/" + p.name + ".notify")
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		notifications.Close()
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	proc, exited, err := a.children.start(p.path, p.args, &os.ProcAttr{
		Dir: "/", Env: environment(append(p.env, "NOTIFY_SOCKET="+socket)...), Files: []*os.File{nil, w, w},
		Sys: serviceAttr(),
	})
	w.Close()
	if err != nil {
		notifications.Close()
		r.Close()
		return nil, err
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", proc.Pid), []byte(p.oom), 0); err != nil {
		a.log.Debug("oom score", "service", p.name, "error", err)
	}
	go a.keepLog(p.name, r)
	ready := make(chan struct{})
	go func() {
		awaitReady(notifications)
		close(ready)
	}()
	ended := make(chan error, 1)
	go func() {
		err := <-exited
		notifications.Close()
		ended <- err
	}()
	return &process{
		pid: proc.Pid, ready: ready, exited: ended,
		terminate: func() { _ = unix.Kill(proc.Pid, unix.SIGTERM) },
		kill:      func() { _ = unix.Kill(proc.Pid, unix.SIGKILL) },
	}, nil
}

// keepLog copies a program's output to its log, line by line, until the last process that holds it has ended.
func (a *Agent) keepLog(name string, r io.ReadCloser) {
	defer r.Close()
	lines := bufio.NewReaderSize(r, 16<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			if _, err := a.logs[name].Write(line); err != nil {
				a.log.Error("log", "service", name, "error", err)
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// listenNotify opens a socket for sd_notify.
func listenNotify(path string) (string, *net.UnixConn, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("remove old socket: %w", err)
	}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return "", nil, fmt.Errorf("listen for notifications: %w", err)
	}
	return path, c, nil
}

// awaitReady returns when the program says that it is ready, or when c is closed.
func awaitReady(c *net.UnixConn) {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil || parseNotification(string(buf[:n])).ready {
			return
		}
	}
}
