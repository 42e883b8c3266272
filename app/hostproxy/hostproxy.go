package hostproxy

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/wherry-app/wherry/app"
)

// Proxies are a host's, each empty where there is none. Hosts that need none are a list with commas, as NO_PROXY has it.
type Proxies struct {
	HTTP, HTTPS, No string
}

// FromEnv reads the environment's variables, in small letters first.
func FromEnv(env func(string) string) Proxies {
	get := func(name string) string {
		if v := env(strings.ToLower(name)); v != "" {
			return v
		}
		return env(name)
	}
	p := Proxies{HTTP: get("HTTP_PROXY"), HTTPS: get("HTTPS_PROXY"), No: get("NO_PROXY")}
	if all := get("ALL_PROXY"); all != "" {
		if p.HTTP == "" {
			p.HTTP = all
		}
		if p.HTTPS == "" {
			p.HTTPS = all
		}
	}
	return p
}

// keep is how long the system's settings are believed before they are read again.
const keep = 15 * time.Second

// systemPatience is how long reading them may take.
const systemPatience = 3 * time.Second

// Finder decides for single URLs.
type Finder struct {
	// Env reads an environment variable. Settings are the user's. Both may be called at any time.
	Env      func(string) string
	Settings func() app.Outbound
	// System reads the system's settings.
	System func(context.Context) Proxies

	mu     sync.Mutex
	system Proxies
	read   time.Time
}

// Current are the proxies that hold now.
func (f *Finder) Current() Proxies {
	host := FromEnv(f.Env)
	set := f.Settings()
	if host == (Proxies{}) && (set.HTTPProxy == app.Auto || set.HTTPSProxy == app.Auto) {
		host = f.ofSystem()
	}
	return Proxies{
		HTTP: choose(set.HTTPProxy, host.HTTP), HTTPS: choose(set.HTTPSProxy, host.HTTPS), No: choose(set.NoProxy, host.No),
	}
}

func choose(setting, host string) string {
	switch setting {
	case app.Auto:
		return host
	case app.Off:
		return ""
	}
	return setting
}

func (f *Finder) ofSystem() Proxies {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.System == nil {
		return Proxies{}
	}
	if f.read.IsZero() || time.Since(f.read) > keep {
		ctx, cancel := context.WithTimeout(context.Background(), systemPatience)
		f.system = f.System(ctx)
		cancel()
		f.read = time.Now()
	}
	return f.system
}

// internal are names that only Wherry knows: no proxy leads there.
const internal = ".docker.internal"

// Next is the proxy for a URL, nil where there is none.
func (f *Finder) Next(u *url.URL) (*url.URL, error) {
	if strings.HasSuffix("."+strings.ToLower(u.Hostname()), internal) {
		return nil, nil
	}
	p := f.Current()
	c := httpproxy.Config{HTTPProxy: p.HTTP, HTTPSProxy: p.HTTPS, NoProxy: p.No}
	return c.ProxyFunc()(u)
}

// Any says whether there is a proxy for anything.
func (f *Finder) Any() bool {
	p := f.Current()
	return p.HTTP != "" || p.HTTPS != ""
}
