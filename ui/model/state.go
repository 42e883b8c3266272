package model

import (
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/wherry-app/wherry/app"
)

// State is everything the window shows, at one moment. It is shared between goroutines and must not be changed.
type State struct {
	// Engine is the daemon's newest snapshot.
	Engine app.Snapshot
	// Daemon is nil while the daemon answers, else why it does not.
	Daemon *app.ErrorInfo
	// Docker is what the engine holds.
	Docker Lists
	// Wish is an engine action that was asked for and has not ended: "start", "stop", "sleep", "restart", or empty.
	Wish string
	// Now is when the state was put together.
	Now time.Time
}

// Lists are docker's objects. They are empty while docker does not answer.
type Lists struct {
	// Ready says that the lists were read at least once since docker answers.
	Ready      bool
	Containers []Container
	Images     []Image
	Volumes    []Volume
	Networks   []Network
	// Stats has the newest figures of the containers that are watched, by ID.
	Stats map[string]Stats
	// Err says why docker does not answer although the engine runs.
	Err *app.ErrorInfo
}

// Container is one container in a list.
type Container struct {
	ID, Name, Image, ImageID, Command string
	// State is docker's word: running, paused, exited, created, restarting, removing, dead.
	State string
	// Status is docker's sentence, for example "Up 3 minutes (healthy)".
	Status string
	// Health is healthy, unhealthy, starting or empty.
	Health  string
	Created time.Time
	// Since is about when the state began, as far as Status tells; zero if it does not.
	Since time.Time
	// Project and Service come from compose; empty without it.
	Project, Service string
	Ports            []Port
	Mounts           []Mount
	Networks         []string
}

// Running says whether processes of the container exist.
func (c Container) Running() bool {
	return c.State == "running" || c.State == "paused" || c.State == "restarting"
}

// Port is a port of a container. HostPort is 0 if it is not published.
type Port struct {
	HostIP   string
	HostPort uint16
	Port     uint16
	Proto    string
}

// notWeb are well-known ports that no browser can open.
var notWeb = []uint16{21, 22, 25, 53, 110, 143, 389, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5672, 6379, 9042, 9092, 11211, 27017}

// Address is where the port answers on this host, or empty.
func (p Port) Address() string {
	if p.HostPort == 0 {
		return ""
	}
	host := p.HostIP
	if host == "" || host == "0.0.0.0" || host == "::" || host == "127.0.0.1" || host == "::1" {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(int(p.HostPort)))
}

// URL is what a browser opens, or empty if the port is not published or not one of the web.
func (p Port) URL() string {
	if p.HostPort == 0 || p.Proto != "tcp" || slices.Contains(notWeb, p.Port) {
		return ""
	}
	if p.Port == 443 || p.Port == 8443 {
		return "https://" + p.Address()
	}
	return "http://" + p.Address()
}

// Label is the port in a few characters: "8080:80", "80", "53/udp".
func (p Port) Label() string {
	s := strconv.Itoa(int(p.Port))
	if p.HostPort != 0 {
		s = strconv.Itoa(int(p.HostPort)) + ":" + s
	}
	if p.Proto != "tcp" {
		s += "/" + p.Proto
	}
	return s
}

// Published lists the distinct published ports, IPv4 and IPv6 twins as one, in order.
func Published(ports []Port) []Port {
	var out []Port
	for _, p := range ports {
		if p.HostPort == 0 {
			continue
		}
		if !slices.ContainsFunc(out, func(q Port) bool {
			return q.HostPort == p.HostPort && q.Port == p.Port && q.Proto == p.Proto
		}) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Port) int { return int(a.HostPort) - int(b.HostPort) })
	return out
}

// Mount is a place of a container that is stored outside of it.
type Mount struct {
	// Type is bind, volume or tmpfs.
	Type string
	// Name is the volume's; empty otherwise.
	Name                string
	Source, Destination string
	ReadOnly            bool
}

// Stats are a container's figures at one moment.
type Stats struct {
	At time.Time
	// CPU in percent of one processor; negative until two readings were taken.
	CPU float64
	// Memory in use without caches and its limit, in bytes.
	Memory, MemoryLimit int64
	// Totals since the container's start, in bytes.
	NetIn, NetOut, DiskRead, DiskWritten uint64
	Processes                            int
}

// Image is one image in a list.
type Image struct {
	ID string
	// Tags are all its names; empty for a dangling image.
	Tags []string
	Size int64
	// Created is when it was built.
	Created time.Time
	// Digests are names by content, for images without tags.
	Digests []string
}

// Volume is one volume in a list.
type Volume struct {
	Name, Driver, Mountpoint string
	Created                  time.Time
	// Size in bytes; negative if docker does not know it.
	Size int64
}

// Network is one network in a list.
type Network struct {
	ID, Name, Driver, Subnet, Scope string
	Internal                        bool
	Created                         time.Time
}

// Builtin says whether docker made the network itself and keeps it.
func (n Network) Builtin() bool { return n.Name == "bridge" || n.Name == "host" || n.Name == "none" }
