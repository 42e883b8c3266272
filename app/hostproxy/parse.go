package hostproxy

import (
	"bufio"
	"net"
	"strings"
)

// parseScutil reads the output of macOS's `scutil --proxy`.
func parseScutil(text string) Proxies {
	values := map[string]string{}
	var except []string
	inList := false
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		key, value, ok := strings.Cut(strings.TrimSpace(s.Text()), " : ")
		switch {
		case strings.TrimSpace(s.Text()) == "}":
			inList = false
		case ok && key == "ExceptionsList":
			inList = true
		case ok && inList:
			except = append(except, value)
		case ok:
			values[key] = value
		}
	}
	at := func(kind, scheme string) string {
		if values[kind+"Enable"] != "1" || values[kind+"Proxy"] == "" {
			return ""
		}
		return scheme + "://" + net.JoinHostPort(values[kind+"Proxy"], values[kind+"Port"])
	}
	p := Proxies{HTTP: at("HTTP", "http"), HTTPS: at("HTTPS", "http"), No: noProxy(except)}
	if socks := at("SOCKS", "socks5"); socks != "" {
		if p.HTTP == "" {
			p.HTTP = socks
		}
		if p.HTTPS == "" {
			p.HTTPS = socks
		}
	}
	return p
}

// parseWindows reads what the registry has of Windows' proxy: "host:port" or "http=host:port;https=host:port", and the
// exceptions with semicolons between them.
func parseWindows(enabled bool, server, override string) Proxies {
	if !enabled || server == "" {
		return Proxies{}
	}
	p := Proxies{No: noProxy(strings.Split(override, ";"))}
	for part := range strings.SplitSeq(server, ";") {
		scheme, at, ok := strings.Cut(part, "=")
		if !ok {
			return Proxies{HTTP: withScheme(part, "http"), HTTPS: withScheme(part, "http"), No: p.No}
		}
		switch strings.TrimSpace(scheme) {
		case "http":
			p.HTTP = withScheme(at, "http")
		case "https":
			p.HTTPS = withScheme(at, "http")
		case "socks":
			if p.HTTP == "" {
				p.HTTP = withScheme(at, "socks5")
			}
			if p.HTTPS == "" {
				p.HTTPS = withScheme(at, "socks5")
			}
		}
	}
	return p
}

// parseGSettings reads the output of GNOME's `gsettings list-recursively org.gnome.system.proxy`.
func parseGSettings(text string) Proxies {
	values := map[string]string{}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		f := strings.SplitN(strings.TrimSpace(s.Text()), " ", 3)
		if len(f) == 3 {
			values[f[0]+" "+f[1]] = f[2]
		}
	}
	const schema = "org.gnome.system.proxy"
	unquote := func(s string) string { return strings.Trim(s, "'\" ") }
	if unquote(values[schema+" mode"]) != "manual" {
		return Proxies{}
	}
	at := func(kind, scheme string) string {
		host, port := unquote(values[schema+"."+kind+" host"]), values[schema+"."+kind+" port"]
		if host == "" || port == "" || port == "0" {
			return ""
		}
		return scheme + "://" + net.JoinHostPort(host, port)
	}
	list := strings.TrimPrefix(values[schema+" ignore-hosts"], "@as ")
	var except []string
	for h := range strings.SplitSeq(strings.Trim(list, "[]"), ",") {
		except = append(except, unquote(h))
	}
	p := Proxies{HTTP: at("http", "http"), HTTPS: at("https", "http"), No: noProxy(except)}
	if socks := at("socks", "socks5"); socks != "" {
		if p.HTTP == "" {
			p.HTTP = socks
		}
		if p.HTTPS == "" {
			p.HTTPS = socks
		}
	}
	return p
}

// noProxy writes a system's exceptions as NO_PROXY has them: "*.example.com" is ".example.com" there, and there is no
// word for "names without a dot".
func noProxy(except []string) string {
	var list []string
	for _, e := range except {
		e = strings.TrimSpace(e)
		if strings.HasPrefix(e, "*.") {
			e = e[1:]
		}
		if e == "" || e == "<local>" {
			continue
		}
		list = append(list, e)
	}
	return strings.Join(list, ",")
}

func withScheme(at, scheme string) string {
	at = strings.TrimSpace(at)
	if at == "" || strings.Contains(at, "://") {
		return at
	}
	return scheme + "://" + at
}
