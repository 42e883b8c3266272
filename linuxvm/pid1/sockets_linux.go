package pid1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
)

var _ control.SocketWatcher = (*Agent)(nil)

// socketsEvery is how often the kernel's tables are read while somebody watches: it tells nobody when a socket begins to
// listen.
const socketsEvery = 500 * time.Millisecond

// WatchSockets implements control.SocketWatcher. It reads four short files each time; only when they have changed it looks
// for whose the sockets are.
func (a *Agent) WatchSockets(ctx context.Context, f func([]control.Socket) error) error {
	tick := time.NewTicker(socketsEvery)
	defer tick.Stop()
	first, clients := true, clientPorts()
	var seen []kernelSocket
	var told []control.Socket
	for {
		now, err := socketsOf("self")
		if err != nil {
			return err
		}
		now = slices.DeleteFunc(now, func(s kernelSocket) bool { return s.proto == "udp" && s.addr.Port() >= clients })
		if first || !slices.Equal(now, seen) {
			found := owned(now, hostProcesses())
			if first || !slices.Equal(found, told) {
				if err := f(found); err != nil {
					return err
				}
			}
			first, told, seen = false, found, now
			if len(found) < len(now) {
				seen = nil // a process may have been between two of our looks: look again
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Sockets implements control.SocketWatcher.
func (a *Agent) Sockets(_ context.Context, container string) ([]control.Socket, error) {
	if container == "" || strings.ContainsAny(container, "/.") {
		return nil, fmt.Errorf("%q is no container's ID", container)
	}
	processes := processesOf(filepath.Join(containersGroup, container))
	if len(processes) == 0 {
		return nil, fmt.Errorf("container %s does not run", container[:min(len(container), 12)])
	}
	all, err := socketsOf(processes[0])
	if err != nil {
		return nil, err
	}
	programs := make(map[string]string)
	for _, pid := range processes {
		for _, inode := range socketInodes(pid) {
			programs[inode] = programOf(pid)
		}
	}
	sockets := []control.Socket{}
	for _, s := range all {
		sockets = append(sockets, control.Socket{Proto: s.proto, Addr: s.addr, Container: container, Program: programs[s.inode]})
	}
	return sockets, nil
}

// socketsOf reads the tables of a process's network, sorted.
func socketsOf(pid string) ([]kernelSocket, error) {
	var all []kernelSocket
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile("/proc/" + pid + "/net/" + table)
		if errors.Is(err, fs.ErrNotExist) {
			continue // no IPv6
		}
		if err != nil {
			return nil, fmt.Errorf("read the kernel's sockets: %w", err)
		}
		all = append(all, parseSockets(strings.TrimSuffix(table, "6"), bytes.NewReader(b))...)
	}
	slices.SortFunc(all, func(a, b kernelSocket) int {
		return strings.Compare(a.inode, b.inode)
	})
	return all, nil
}

// owned are the sockets that processes of containers have.
func owned(sockets []kernelSocket, processes map[string][]string) []control.Socket {
	owner := make(map[string]control.Socket)
	for container, pids := range processes {
		for _, pid := range pids {
			for _, inode := range socketInodes(pid) {
				owner[inode] = control.Socket{Container: container, Program: programOf(pid)}
			}
		}
	}
	found := []control.Socket{}
	for _, s := range sockets {
		if o, ok := owner[s.inode]; ok {
			found = append(found, control.Socket{Proto: s.proto, Addr: s.addr, Container: o.Container, Program: o.Program})
		}
	}
	return found
}

// hostProcesses are the processes of containers that are on the guest's own network, by container.
func hostProcesses() map[string][]string {
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil
	}
	groups, _ := os.ReadDir(containersGroup)
	found := make(map[string][]string)
	for _, g := range groups {
		if !g.IsDir() {
			continue
		}
		pids := processesOf(filepath.Join(containersGroup, g.Name()))
		pids = slices.DeleteFunc(pids, func(pid string) bool {
			theirs, err := os.Readlink("/proc/" + pid + "/ns/net")
			return err != nil || theirs != ours
		})
		if len(pids) > 0 {
			found[g.Name()] = pids
		}
	}
	return found
}

// processesOf are the processes of a control group and those within it.
func processesOf(group string) []string {
	var pids []string
	_ = filepath.WalkDir(group, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // the group is gone, and its processes
		}
		b, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if err == nil {
			pids = append(pids, strings.Fields(string(b))...)
		}
		return nil
	})
	return pids
}

// socketInodes are the inodes of a process's sockets.
func socketInodes(pid string) []string {
	dir := "/proc/" + pid + "/fd"
	f, err := os.Open(dir)
	if err != nil {
		return nil // it has ended
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	var inodes []string
	for _, name := range names {
		to, err := os.Readlink(dir + "/" + name)
		if inode, ok := strings.CutPrefix(to, "socket:["); err == nil && ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes
}

func programOf(pid string) string {
	b, _ := os.ReadFile("/proc/" + pid + "/comm")
	return strings.TrimSpace(string(b))
}

// clientPorts is the first port that the kernel gives to clients.
func clientPorts() uint16 {
	first := uint16(32768)
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(b), &first)
	}
	return first
}
