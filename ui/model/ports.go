package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/wherry-app/wherry/app"
)

// PortRow is one port of a container with how it answers on this computer.
type PortRow struct {
	Port  uint16
	Proto string
	// Where is the address on this computer, or words in its place; URL is what a browser opens, Copy what goes on the
	// clipboard if there is none.
	Where, URL, Copy string
	State            string
	Tone             Tone
	// Traffic is what went through since the port opened.
	Traffic string
	// Note says what is wrong and what to do.
	Note string
}

// Label is the port in the container, like 80/tcp.
func (r PortRow) Label() string { return strconv.Itoa(int(r.Port)) + "/" + r.Proto }

// PortRows are the ports of a container: those that the engine answers for, then those that are not published.
func PortRows(s State, c Container) []PortRow {
	var rows []PortRow
	for _, p := range s.Engine.Ports {
		if p.ContainerID == c.ID || p.ContainerID == "" && p.Container == c.Name {
			rows = append(rows, portRow(p))
		}
	}
	for _, p := range c.Ports {
		if slices.ContainsFunc(rows, func(r PortRow) bool { return r.Port == p.Port && r.Proto == p.Proto }) {
			continue
		}
		r := PortRow{Port: p.Port, Proto: p.Proto, Where: "not published", State: "closed"}
		if p.HostPort != 0 {
			r.Where, r.URL, r.Copy, r.State = p.Address(), p.URL(), p.Address(), "opening"
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b PortRow) int { return int(a.Port) - int(b.Port) })
	return rows
}

func portRow(p app.Port) PortRow {
	r := PortRow{Port: p.ContainerPort, Proto: p.Proto, Where: p.HostAddress, Copy: p.HostAddress, State: "open", Tone: Good}
	if p.BytesIn+p.BytesOut > 0 || p.Connections > 0 {
		r.Traffic = fmt.Sprintf("%s in, %s out, %s", Size(p.BytesIn), Size(p.BytesOut), Plural(p.Connections, "connection"))
	}
	if q, ok := parseAddress(p.HostAddress); ok {
		q.Port, q.Proto = p.ContainerPort, p.Proto
		r.Where, r.URL, r.Copy = q.Address(), q.URL(), q.Address()
	}
	switch {
	case p.State == app.PortFailed || p.Error != "":
		r.State, r.Tone, r.URL = "failed", Bad, ""
		r.Note = p.Error
		if p.Hint != "" {
			r.Note += ": " + p.Hint
		}
		if r.Where == "" {
			r.Where = "nowhere"
		}
	case p.State == app.PortAsleep:
		r.State, r.Tone, r.Note = "asleep", Neutral, "The next client wakes the engine."
	case p.Found:
		r.Note = "Not published: the container is on this engine's own network and listens there."
	}
	return r
}

// parseAddress reads an address:port of this computer.
func parseAddress(s string) (Port, bool) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return Port{}, false
	}
	return Port{HostIP: a.Addr().String(), HostPort: a.Port()}, true
}

// NamesOf are the names that lead to a container.
func NamesOf(s State, c Container) []app.HostName {
	if s.Engine.Names == nil {
		return nil
	}
	var out []app.HostName
	for _, h := range s.Engine.Names.Hosts {
		if h.Container == c.Name && h.URL != "" {
			out = append(out, h)
		}
	}
	return out
}
