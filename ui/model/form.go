package model

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// RunForm is the run dialog's content as typed. The lists are one entry per line.
type RunForm struct {
	Image, Name, Command string
	// Ports are like 8080:80, 127.0.0.1:53:53/udp or 80.
	Ports string
	// Volumes are like data:/var/lib/data, /home/me/site:/srv:ro.
	Volumes string
	// Env are like KEY=value.
	Env     string
	Restart string
	// AutoRemove removes the container when it ends.
	AutoRemove bool
	Network    string
}

// Run is a checked RunForm.
type Run struct {
	Image, Name, Restart, Network string
	Command, Env, Binds           []string
	Ports                         []Port
	AutoRemove                    bool
}

// RestartPolicies are the values of RunForm.Restart.
func RestartPolicies() []string { return []string{"no", "on-failure", "unless-stopped", "always"} }

// The fields of a RunForm that can be wrong.
const (
	FieldImage   = "image"
	FieldName    = "name"
	FieldCommand = "command"
	FieldPorts   = "ports"
	FieldVolumes = "volumes"
	FieldEnv     = "env"
	FieldRestart = "restart"
)

var (
	nameRE = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)
	// refRE is an image's name: host and path in lower case, tag, digest.
	refRE = regexp.MustCompile(`^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$|^sha256:[0-9a-f]{12,64}$`)
	envRE = regexp.MustCompile(`^[^=\s\x00]+$`)
)

// Check turns the form into what is to be run, or says per field what is wrong. taken are containers that exist.
func (f RunForm) Check(taken []Container) (Run, map[string]string) {
	bad := map[string]string{}
	r := Run{Image: strings.TrimSpace(f.Image), Name: strings.TrimSpace(f.Name), Restart: f.Restart, Network: f.Network, AutoRemove: f.AutoRemove}
	note := func(field, msg string) {
		if msg != "" && bad[field] == "" {
			bad[field] = msg
		}
	}
	note(FieldImage, CheckRef(r.Image))
	note(FieldName, checkName(r.Name, taken))
	var msg string
	r.Command, msg = SplitCommand(f.Command)
	note(FieldCommand, msg)
	for _, line := range lines(f.Ports) {
		p, msg := parsePort(line, taken)
		note(FieldPorts, msg)
		if slices.ContainsFunc(r.Ports, func(o Port) bool { return o.HostPort != 0 && o.HostPort == p.HostPort && o.Proto == p.Proto }) {
			note(FieldPorts, "port "+strconv.Itoa(int(p.HostPort))+" is listed twice")
		}
		r.Ports = append(r.Ports, p)
	}
	for _, line := range lines(f.Volumes) {
		note(FieldVolumes, checkBind(line))
		r.Binds = append(r.Binds, line)
	}
	for _, line := range lines(f.Env) {
		key, _, ok := strings.Cut(line, "=")
		if !ok || !envRE.MatchString(key) {
			note(FieldEnv, quote(line)+" is not KEY=value")
		}
		r.Env = append(r.Env, line)
	}
	if r.Restart == "" {
		r.Restart = "no"
	}
	if !slices.Contains(RestartPolicies(), r.Restart) {
		note(FieldRestart, "choose one of "+strings.Join(RestartPolicies(), ", "))
	}
	if f.AutoRemove && r.Restart != "no" {
		note(FieldRestart, "a container that is removed when it ends cannot restart")
	}
	return r, bad
}

// CheckRef says what is wrong with an image's name; empty if nothing is.
func CheckRef(ref string) string {
	switch {
	case ref == "":
		return "name an image, for example nginx or postgres:17"
	case strings.ToLower(ref) != ref && refRE.MatchString(strings.ToLower(ref)) && !refRE.MatchString(ref):
		return "image names are in lower case: " + quote(strings.ToLower(ref))
	case !refRE.MatchString(ref):
		return quote(ref) + " is not an image name; write it like nginx or ghcr.io/team/app:1.2"
	}
	return ""
}

// CheckName says what is wrong with a container's new name; empty if nothing is.
func CheckName(name string, taken []Container) string {
	if name == "" {
		return "give it a name"
	}
	return checkName(name, taken)
}

func checkName(name string, taken []Container) string {
	switch {
	case name == "":
		return ""
	case slices.ContainsFunc(taken, func(c Container) bool { return c.Name == name }):
		return "a container named " + quote(name) + " exists already"
	case !nameRE.MatchString(name):
		return "use at least two letters, digits, dots, dashes or underscores, beginning with a letter or digit"
	}
	return ""
}

func parsePort(line string, taken []Container) (Port, string) {
	const form = " is not a port; write 8080:80, 127.0.0.1:8080:80 or 53:53/udp"
	p := Port{Proto: "tcp"}
	rest, proto, ok := strings.Cut(line, "/")
	if ok {
		p.Proto = strings.ToLower(proto)
		if p.Proto != "tcp" && p.Proto != "udp" && p.Proto != "sctp" {
			return p, quote(proto) + " is not a protocol; use tcp or udp"
		}
	}
	parts := strings.Split(rest, ":")
	if strings.HasPrefix(rest, "[") {
		if host, after, ok := strings.Cut(rest[1:], "]:"); ok {
			parts = append([]string{host}, strings.Split(after, ":")...)
		}
	}
	if len(parts) > 3 {
		return p, quote(line) + form
	}
	n, err := strconv.ParseUint(parts[len(parts)-1], 10, 16)
	if err != nil || n == 0 {
		return p, portMessage(parts[len(parts)-1], line, form)
	}
	p.Port = uint16(n)
	if len(parts) > 1 {
		host, err := strconv.ParseUint(parts[len(parts)-2], 10, 16)
		if err != nil || host == 0 {
			return p, portMessage(parts[len(parts)-2], line, form)
		}
		p.HostPort = uint16(host)
	}
	if len(parts) == 3 {
		if _, err := netip.ParseAddr(parts[0]); err != nil {
			return p, quote(parts[0]) + " is not an address"
		}
		p.HostIP = parts[0]
	}
	if p.HostPort != 0 {
		for _, c := range taken {
			if c.Running() && slices.ContainsFunc(c.Ports, func(o Port) bool { return o.HostPort == p.HostPort && o.Proto == p.Proto }) {
				return p, "port " + strconv.Itoa(int(p.HostPort)) + " is used by " + quote(c.Name)
			}
		}
	}
	return p, ""
}

func portMessage(part, line, form string) string {
	if n, err := strconv.Atoi(part); err == nil && (n < 1 || n > 65535) {
		return part + " is not a port; ports are 1 to 65535"
	}
	return quote(line) + form
}

var volumeRE = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

func checkBind(line string) string {
	parts := strings.Split(line, ":")
	if len(parts) > 2 && len(parts[0]) == 1 && strings.HasPrefix(parts[1], `\`) { // C:\Users\me:/srv
		parts = append([]string{parts[0] + ":" + parts[1]}, parts[2:]...)
	}
	switch {
	case len(parts) < 2 || len(parts) > 3:
		return quote(line) + " is not a volume; write name:/path or /host/folder:/path"
	case !strings.HasPrefix(parts[1], "/"):
		return quote(parts[1]) + " must be a full path in the container, such as /data"
	case parts[1] == "/":
		return "nothing can be mounted at / itself"
	case !strings.HasPrefix(parts[0], "/") && !strings.Contains(parts[0], `:\`) && !volumeRE.MatchString(parts[0]):
		return quote(parts[0]) + " is neither a volume's name nor a full path"
	case len(parts) == 3 && parts[2] != "ro" && parts[2] != "rw":
		return quote(parts[2]) + " is not an option; use ro or rw"
	}
	return ""
}

// CheckVolumeName says what is wrong with a new volume's or network's name; empty if nothing is.
func CheckVolumeName(name string, taken []string) string {
	switch {
	case name == "":
		return "give it a name"
	case slices.Contains(taken, name):
		return quote(name) + " exists already"
	case !volumeRE.MatchString(name):
		return "use at least two letters, digits, dots, dashes or underscores, beginning with a letter or digit"
	}
	return ""
}

// CheckSubnet says what is wrong with a subnet; empty is right and means that docker chooses.
func CheckSubnet(s string) string {
	if s == "" {
		return ""
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return quote(s) + " is not a subnet; write it like 172.30.0.0/16"
	case p.Masked() != p:
		return "the subnet of " + s + " is " + p.Masked().String()
	}
	return ""
}

// SplitCommand parts a command line at blanks as a shell does: quotes and backslashes keep them.
func SplitCommand(s string) (args []string, msg string) {
	var word strings.Builder
	var quoted rune
	inWord, escaped := false, false
	for _, r := range s {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quoted != '\'':
			escaped, inWord = true, true
		case quoted != 0 && r == quoted:
			quoted = 0
		case quoted != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quoted, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				args = append(args, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quoted != 0 || escaped {
		return args, "a quote is not closed"
	}
	if inWord {
		args = append(args, word.String())
	}
	return args, ""
}

func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func quote(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return "“" + s + "”"
}
