package app

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A PortTracer explains why a port of a container answers, or does not.
type PortTracer interface {
	// TracePort follows the way from this computer to a port of a container, given by its name or (the beginning of) its
	// ID; proto is "tcp" or "udp". It connects to the port while doing so. A port that does not answer is no error.
	TracePort(ctx context.Context, container string, port uint16, proto string) (Trace, error)
}

// HopState is what was found of a hop.
type HopState string

// The states of a hop.
const (
	HopOK      HopState = "ok"
	HopProblem HopState = "problem"
	HopUnknown HopState = "unknown" // could not be found out
)

// Hop is one step of the way to a port.
type Hop struct {
	// Name is a fixed word: engine, container, network, listening, published, host, path, answer.
	Name    string   `json:"name"`
	State   HopState `json:"state"`
	Message string   `json:"message"`
	// Hint names the next action.
	Hint string `json:"hint,omitempty"`
}

// Trace is the way from this computer to a port of a container, as far as it leads.
type Trace struct {
	Container string `json:"container"`
	Port      uint16 `json:"port"`
	Proto     string `json:"proto"`
	// Answers is true if nothing stands in the way.
	Answers bool  `json:"answers"`
	Hops    []Hop `json:"hops"`
}

// Listener is a socket that waits for clients in a container.
type Listener struct {
	Addr    netip.AddrPort
	Program string // may be empty
}

// PortFacts are what ExplainPort needs to know. What could not be found out is said by the errors.
type PortFacts struct {
	Container string
	Port      uint16
	Proto     string
	// State of the engine. Unless it is running the rest is not known.
	State State
	// Exists tells whether there is such a container; Others are names of those there are.
	Exists bool
	Others []string
	// Status of the container, in docker's words: created, running, paused, restarting, exited, dead; ExitCode of one that
	// exited.
	Status   string
	ExitCode int
	// NetworkMode is "host", "none", "bridge" or a network's name; Reachable is whether the container is on a network that
	// publishes ports, which one that is internal is not.
	NetworkMode string
	Reachable   bool
	// Listeners of the protocol, in the container's network; ListenersErr is why they are not known.
	Listeners    []Listener
	ListenersErr error
	// Published are the container's ports as the host has them.
	Published []Port
	// Inside is what connecting to the container itself gave, Outside what connecting to the host's address gave, nil for a
	// connection; only for TCP, and only if it was Tried.
	Tried           bool
	Inside, Outside error
	// InsideRefused tells that Inside is a refusal, not a silence.
	InsideRefused bool
}

// ExplainPort says hop by hop how a port is reached, up to the first problem that nothing behind it can make up for.
func ExplainPort(f PortFacts) Trace {
	t := &tracing{Trace: Trace{Container: f.Container, Port: f.Port, Proto: f.Proto}, f: f}
	for _, step := range []func() bool{t.engine, t.container, t.network, t.listening, t.published, t.path, t.answer} {
		if !step() {
			break
		}
	}
	t.Answers = !slices.ContainsFunc(t.Hops, func(h Hop) bool { return h.State == HopProblem })
	return t.Trace
}

// tracing is a Trace on its way. Its steps tell whether to go on.
type tracing struct {
	Trace
	f PortFacts
}

func (t *tracing) add(name string, state HopState, hint, format string, args ...any) bool {
	t.Hops = append(t.Hops, Hop{Name: name, State: state, Message: fmt.Sprintf(format, args...), Hint: hint})
	return state != HopProblem
}

func (t *tracing) engine() bool {
	if t.f.State == StateRunning {
		return t.add("engine", HopOK, "", "the engine is running")
	}
	return t.add("engine", HopProblem, "run `wherry start`", "the engine is %s", t.f.State)
}

func (t *tracing) container() bool {
	name := t.f.Container
	if !t.f.Exists {
		hint := "run `docker ps -a` to see the containers"
		if len(t.f.Others) > 0 {
			hint = "use one of: " + strings.Join(t.f.Others, ", ")
		}
		return t.add("container", HopProblem, hint, "there is no container %s", name)
	}
	switch t.f.Status {
	case "running":
		return t.add("container", HopOK, "", "container %s is running", name)
	case "paused":
		return t.add("container", HopProblem, "run `docker unpause "+name+"`", "container %s is paused", name)
	case "restarting":
		return t.add("container", HopProblem, "see why in `docker logs "+name+"`", "container %s ends again and again; the last time with exit code %d", name, t.f.ExitCode)
	case "exited", "dead":
		return t.add("container", HopProblem, "see why in `docker logs "+name+"`, and run `docker start "+name+"`", "container %s has ended with exit code %d", name, t.f.ExitCode)
	}
	return t.add("container", HopProblem, "run `docker start "+name+"`", "container %s is not running: %s", name, t.f.Status)
}

func (t *tracing) network() bool {
	switch {
	case t.f.NetworkMode == "host":
		return t.add("network", HopOK, "", "it is on the network of the VM, where what it listens on is found and forwarded")
	case t.f.NetworkMode == "none":
		return t.add("network", HopProblem, "create it without `--network none`", "it has no network")
	case !t.f.Reachable:
		return t.add("network", HopProblem, "add a network that is not internal: `docker network connect bridge "+t.f.Container+"`", "it is on internal networks only, from which nothing is published")
	}
	return t.add("network", HopOK, "", "it is on network %s", t.f.NetworkMode)
}

// listening goes on behind a problem: a port that is not published either should be told too.
func (t *tracing) listening() bool {
	const name = "listening"
	if t.f.ListenersErr != nil {
		return t.add(name, HopUnknown, "", "what listens in the container could not be seen: %v", t.f.ListenersErr)
	}
	var others []string
	loopback := ""
	for _, l := range t.f.Listeners {
		switch {
		case l.Addr.Port() != t.f.Port:
			others = append(others, fmt.Sprint(l.Addr.Port()))
		case l.Addr.Addr().IsLoopback():
			loopback = l.what()
		default:
			return t.add(name, HopOK, "", "%s listens on %s in the container", l.what(), l.Addr)
		}
	}
	if loopback != "" {
		if t.f.NetworkMode == "host" {
			return t.add(name, HopOK, "", "%s listens on loopback of the VM", loopback)
		}
		t.add(name, HopProblem, "make it listen on 0.0.0.0 (often an option such as --host or bind)", "%s listens on the container's own loopback only", loopback)
		return true
	}
	slices.Sort(others)
	hint := "start what is to answer there, or see why it does not run in `docker logs " + t.f.Container + "`"
	if others = slices.Compact(others); len(others) > 0 {
		hint = "it listens on " + strings.Join(others, ", ") + ": publish that, or " + hint
	}
	t.add(name, HopProblem, hint, "nothing listens on %s port %d in the container", t.f.Proto, t.f.Port)
	return true
}

func (l Listener) what() string {
	if l.Program == "" {
		return "a program"
	}
	return l.Program
}

// port is where the host has the port.
func (t *tracing) port() (Port, bool) {
	i := slices.IndexFunc(t.f.Published, func(p Port) bool { return p.ContainerPort == t.f.Port && p.Proto == t.f.Proto })
	if i < 0 {
		return Port{}, false
	}
	return t.f.Published[i], true
}

func (t *tracing) published() bool {
	p, ok := t.port()
	switch {
	case ok && p.Error != "":
		return t.add("published", HopProblem, p.Hint, "it is published, but not open on this computer: %s", p.Error)
	case ok:
		return t.add("published", HopOK, "", "%s port %d is %s on this computer", t.f.Proto, t.f.Port, p.HostAddress)
	case t.f.NetworkMode == "host":
		return t.add("published", HopProblem, "", "nothing that listens there was found in the VM")
	}
	suffix := ""
	if t.f.Proto == "udp" {
		suffix = "/udp"
	}
	hint := fmt.Sprintf("create the container anew with `-p %d:%d%s`", t.f.Port, t.f.Port, suffix)
	var others []string
	for _, p := range t.f.Published {
		others = append(others, fmt.Sprintf("%d/%s", p.ContainerPort, p.Proto))
	}
	said := ""
	if len(others) > 0 {
		said = "; published are " + strings.Join(others, ", ")
	}
	return t.add("published", HopProblem, hint, "%s port %d is not published%s", t.f.Proto, t.f.Port, said)
}

// path is the way from the daemon into the container.
func (t *tracing) path() bool {
	switch {
	case !t.f.Tried:
		return t.add("path", HopUnknown, "", "whether datagrams arrive cannot be told from outside")
	case t.f.Inside == nil:
		return t.add("path", HopOK, "", "the container accepts a connection")
	case t.f.InsideRefused:
		return t.add("path", HopProblem, "look at what listens, above", "the container refuses the connection")
	}
	return t.add("path", HopProblem, "look for a firewall in the container, and for a program that does not accept", "the container does not answer: %v", t.f.Inside)
}

// answer is the whole way.
func (t *tracing) answer() bool {
	p, _ := t.port()
	switch {
	case !t.f.Tried:
		return true
	case t.f.Outside == nil:
		return t.add("answer", HopOK, "", "%s answers", p.HostAddress)
	}
	return t.add("answer", HopProblem, "look for a firewall or a VPN of this computer that stops connections to "+p.HostAddress, "%s does not answer: %v", p.HostAddress, t.f.Outside)
}
