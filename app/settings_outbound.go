package app

import (
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Outbound are the settings of names, of docker's own conventions, and of how containers and dockerd get out.
type Outbound struct {
	// Names answers http://CONTAINER.localhost on this host.
	Names bool `json:"names"`
	// NamesPort is the port for that: auto, or a number.
	NamesPort string `json:"names_port"`
	// DockerContext is auto, on or off.
	DockerContext string `json:"docker_context"`
	// SecondSocket is off, readonly or audit.
	SecondSocket string `json:"second_socket"`
	// HTTPProxy and HTTPSProxy are auto (this host's), off, or a URL; NoProxy is auto, off or a list of hosts.
	HTTPProxy  string `json:"http_proxy"`
	HTTPSProxy string `json:"https_proxy"`
	NoProxy    string `json:"no_proxy"`
	// ContainerProxy sets the proxy's variables in new containers.
	ContainerProxy bool `json:"container_proxy"`
	// CADir is a folder with certificates of authorities that dockerd trusts; empty for none.
	CADir string `json:"ca_dir"`
	// HostCA makes dockerd trust the authorities that this host trusts.
	HostCA bool `json:"host_ca"`
	// RegistryMirrors are URLs of mirrors of Docker Hub, InsecureRegistries hosts or networks without TLS.
	RegistryMirrors    []string `json:"registry_mirrors,omitempty"`
	InsecureRegistries []string `json:"insecure_registries,omitempty"`
	// Subnet of the guest's network: auto, or an IPv4 network.
	Subnet string `json:"subnet"`
}

// What a second docker socket lets through.
const (
	SocketReadOnly = "readonly" // only requests that change nothing
	SocketAudit    = "audit"    // all, each written to the log of docker's API
)

// DefaultOutbound are the settings of a host where nobody has decided anything.
func DefaultOutbound() Outbound {
	return Outbound{
		Names: true, NamesPort: Auto, DockerContext: Auto, SecondSocket: Off,
		HTTPProxy: Auto, HTTPSProxy: Auto, NoProxy: Auto, Subnet: Auto,
	}
}

func outboundKeys() []Key {
	choice := func(k Key, field func(*Settings) *string, choices ...string) Key {
		k.Kind, k.Choices = KindChoice, choices
		return textKey(k, field)
	}
	return []Key{
		switchKey(Key{Name: "names", Group: GroupNetwork, Title: "Names", Help: "answer http://CONTAINER.localhost on this computer"},
			func(s *Settings) *bool { return &s.Names }),
		choice(Key{Name: "names_port", Group: GroupNetwork, Title: "Port of names", Help: "port for names: auto (80, or 7080 where this user may not) or a number", Free: true},
			func(s *Settings) *string { return &s.NamesPort }, Auto),
		choice(Key{Name: "http_proxy", Group: GroupNetwork, Title: "HTTP proxy", Help: "proxy for http: auto (this computer's), off or a URL", Free: true, Live: true},
			func(s *Settings) *string { return &s.HTTPProxy }, Auto, Off),
		choice(Key{Name: "https_proxy", Group: GroupNetwork, Title: "HTTPS proxy", Help: "proxy for https: auto (this computer's), off or a URL", Free: true, Live: true},
			func(s *Settings) *string { return &s.HTTPSProxy }, Auto, Off),
		choice(Key{Name: "no_proxy", Group: GroupNetwork, Title: "Without proxy", Help: "hosts that need no proxy: auto (this computer's), off or a list", Free: true, Live: true},
			func(s *Settings) *string { return &s.NoProxy }, Auto, Off),
		switchKey(Key{Name: "container_proxy", Group: GroupNetwork, Title: "Proxy in containers", Help: "set HTTP_PROXY and its kin in new containers", Live: true},
			func(s *Settings) *bool { return &s.ContainerProxy }),
		choice(Key{Name: "subnet", Group: GroupNetwork, Title: "Network of the VM", Help: "network between the VM and this computer: auto (out of the way of this computer's routes) or one like 10.99.0.0/24", Free: true},
			func(s *Settings) *string { return &s.Subnet }, Auto),
		choice(Key{Name: "docker_context", Group: GroupDocker, Title: "Docker context", Help: "write docker's context wherry: auto (and use it where there is no other engine), on (and use it) or off"},
			func(s *Settings) *string { return &s.DockerContext }, Auto, On, Off),
		choice(Key{Name: "second_socket", Group: GroupDocker, Title: "Second socket", Help: "a docker socket for tools you do not trust: off, readonly or audit"},
			func(s *Settings) *string { return &s.SecondSocket }, Off, SocketReadOnly, SocketAudit),
		listKey(Key{Name: "registry_mirrors", Group: GroupDocker, Title: "Registry mirrors", Help: "URLs of mirrors of Docker Hub", Live: true},
			func(s *Settings) *[]string { return &s.RegistryMirrors }),
		listKey(Key{Name: "insecure_registries", Group: GroupDocker, Title: "Insecure registries", Help: "registries without TLS, as host:port or network", Live: true},
			func(s *Settings) *[]string { return &s.InsecureRegistries }),
		textKey(Key{Name: "ca_dir", Group: GroupDocker, Title: "Certificates", Help: "folder with certificates (.crt, .pem) of authorities that docker is to trust"},
			func(s *Settings) *string { return &s.CADir }),
		switchKey(Key{Name: "host_ca", Group: GroupDocker, Title: "This computer's authorities", Help: "docker trusts the authorities that this computer trusts"},
			func(s *Settings) *bool { return &s.HostCA }),
	}
}

// check says what is wrong with them, if anything.
func (o Outbound) check() error {
	for _, c := range []struct {
		name, value string
		choices     []string
	}{
		{"docker_context", o.DockerContext, []string{Auto, On, Off}},
		{"second_socket", o.SecondSocket, []string{Off, SocketReadOnly, SocketAudit}},
	} {
		if !slices.Contains(c.choices, c.value) {
			return Errorf("use one of: "+strings.Join(c.choices, ", "), "%s cannot be %q", c.name, c.value)
		}
	}
	if o.NamesPort != Auto {
		if n, err := strconv.ParseUint(o.NamesPort, 10, 16); err != nil || n == 0 {
			return Errorf("use auto or a number between 1 and 65535", "%q is no port for names", o.NamesPort)
		}
	}
	for _, p := range []string{o.HTTPProxy, o.HTTPSProxy} {
		if _, err := ProxyURL(p); err != nil {
			return err
		}
	}
	for _, m := range o.RegistryMirrors {
		if u, err := url.Parse(m); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return Errorf("write it like https://mirror.example.com", "%q is no address of a registry's mirror", m)
		}
	}
	for _, r := range o.InsecureRegistries {
		if strings.ContainsAny(r, " \t\"") || strings.Contains(r, "://") {
			return Errorf("write it like registry.example.com:5000 or 10.0.0.0/8", "%q is no registry", r)
		}
	}
	if o.CADir != "" {
		if !filepath.IsAbs(o.CADir) {
			return Errorf("write the folder's whole path", "%q is not a whole path", o.CADir)
		}
		if st, err := os.Stat(o.CADir); err != nil || !st.IsDir() {
			return Errorf("make the folder and put certificates in it, or set ca_dir to \"\"", "there is no folder %q", o.CADir)
		}
	}
	return checkSubnet(o.Subnet)
}

// checkSubnet takes auto and private networks with room for the guest, the gateway and the host.
func checkSubnet(subnet string) error {
	if subnet == Auto {
		return nil
	}
	p, err := netip.ParsePrefix(subnet)
	if err != nil || !p.Addr().Is4() || p.Bits() < 16 || p.Bits() > 28 || p != p.Masked() || !p.Addr().IsPrivate() {
		return Errorf("use auto, or a private network such as 10.99.0.0/24 (from /16 to /28)", "%q is no network for the VM", subnet)
	}
	return nil
}

// ProxyURL reads the setting of a proxy: nil for auto, off and nothing, else an http or https URL; a bare host:port is http.
func ProxyURL(v string) (*url.URL, error) {
	if v == Auto || v == Off || v == "" {
		return nil, nil
	}
	if !strings.Contains(v, "://") {
		v = "http://" + v
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5") || u.Hostname() == "" {
		return nil, Errorf("use auto, off, or a URL such as http://proxy.example.com:3128", "%q is no proxy", v)
	}
	return u, nil
}
