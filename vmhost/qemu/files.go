package qemu

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/wherry-app/wherry/vmhost"
)

// maxSocketPath is the longest path of a unix socket that every system takes, in bytes.
const maxSocketPath = 103

// folderHint is what to do about a machine's folder that cannot be written to.
const folderHint = "Check that you own the folder and that its disk is neither full nor read-only"

// files are the paths in a machine's folder.
type files struct {
	dir     string
	lock    string // held by the owner of the machine
	pid     string // held by QEMU
	record  string // what the machine was made from
	monitor string // QMP
	link    string // vmhost.ChannelLink
	network string // vmhost.ChannelNetwork
	state   string // a saved state on its way to or from QEMU
	ticket  string // admits a saved state; see stateHeader
	errors  string // what QEMU prints
}

func filesIn(dir string) files {
	in := func(name string) string { return filepath.Join(dir, name) }
	return files{
		dir:     dir,
		lock:    in("lock"),
		pid:     in("qemu.pid"),
		record:  in("machine.json"),
		monitor: in("qmp.sock"),
		link:    in("link.sock"),
		network: in("net.sock"),
		state:   in("state.sock"),
		ticket:  in("ticket"),
		errors:  in("qemu.log"),
	}
}

// check is an error if the folder's path is too long for its sockets.
func (f files) check() error {
	for _, socket := range []string{f.monitor, f.link, f.network, f.state} {
		if len(socket) > maxSocketPath {
			return hinted(fmt.Errorf("path of socket %q has %d bytes, more than %d", socket, len(socket), maxSocketPath),
				"Choose a shorter folder, for example by setting WHERRY_HOME")
		}
	}
	return nil
}

// socket is the path of a channel's socket.
func (f files) socket(ch vmhost.Channel) (string, error) {
	switch ch {
	case vmhost.ChannelLink:
		return f.link, nil
	case vmhost.ChannelNetwork:
		return f.network, nil
	}
	return "", fmt.Errorf("channel %d: unknown", ch)
}

// removeStale removes what a machine that is gone has left. The lock, the ticket and what QEMU printed stay.
func (f files) removeStale() {
	for _, path := range []string{f.monitor, f.link, f.network, f.state, f.pid, f.record} {
		_ = os.Remove(path)
	}
}
