package hostproxy

import (
	"context"
	"net/url"
	"testing"

	"github.com/wherry-app/wherry/app"
)

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct{ got, want Proxies }{
		"scutil": {parseScutil(`<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
    2 : intern.example.com
  }
  FTPPassive : 1
  HTTPEnable : 1
  HTTPPort : 3128
  HTTPProxy : proxy.example.com
  HTTPSEnable : 0
  HTTPSPort : 9
  HTTPSProxy : old.example.com
  SOCKSEnable : 1
  SOCKSPort : 1080
  SOCKSProxy : ::1
}`), Proxies{"http://proxy.example.com:3128", "socks5://[::1]:1080", ".local,169.254/16,intern.example.com"}},
		"scutil without":     {parseScutil("<dictionary> {\n  FTPPassive : 1\n}"), Proxies{}},
		"windows, one":       {parseWindows(true, "127.0.0.1:8888", "*.corp;<local>;10.*"), Proxies{"http://127.0.0.1:8888", "http://127.0.0.1:8888", ".corp,10.*"}},
		"windows, by scheme": {parseWindows(true, "http=a:1;https=b:2;ftp=c:3", ""), Proxies{"http://a:1", "http://b:2", ""}},
		"windows, socks":     {parseWindows(true, "socks=s:1080", ""), Proxies{"socks5://s:1080", "socks5://s:1080", ""}},
		"windows, off":       {parseWindows(false, "a:1", "b"), Proxies{}},
		"gsettings": {parseGSettings(`org.gnome.system.proxy mode 'manual'
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1', '*.example.com']
org.gnome.system.proxy.http host 'p.example.com'
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.https host ''
org.gnome.system.proxy.https port 0
`), Proxies{"http://p.example.com:8080", "", "localhost,127.0.0.0/8,::1,.example.com"}},
		"gsettings, none": {parseGSettings("org.gnome.system.proxy mode 'none'\norg.gnome.system.proxy.http host 'p'\norg.gnome.system.proxy.http port 8080\n"), Proxies{}},
		"environment": {FromEnv(func(n string) string {
			return map[string]string{"http_proxy": "small", "HTTP_PROXY": "LARGE", "ALL_PROXY": "all", "no_proxy": "x"}[n]
		}), Proxies{"small", "all", "x"}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, tt.got, tt.want)
		}
	}
}

func TestFinderFollowsSettingsEnvironmentAndSystem(t *testing.T) {
	set := app.DefaultOutbound()
	env := map[string]string{}
	read := 0
	f := &Finder{
		Env: func(n string) string { return env[n] }, Settings: func() app.Outbound { return set },
		System: func(context.Context) Proxies {
			read++
			return Proxies{HTTP: "http://system:1", HTTPS: "http://system:2"}
		},
	}
	next := func(u string) string {
		t.Helper()
		at, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.Next(at)
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			return ""
		}
		return p.String()
	}
	check := func(name, u, want string) {
		t.Helper()
		if got := next(u); got != want {
			t.Errorf("%s: %s goes by %q, want %q", name, u, got, want)
		}
	}
	check("system", "http://example.com/", "http://system:1")
	check("system", "https://example.com/", "http://system:2")
	if read != 1 || !f.Any() {
		t.Errorf("the system was asked %d times", read)
	}
	env["HTTPS_PROXY"], env["NO_PROXY"] = "http://127.0.0.1:3128", "intern.test"
	check("environment", "https://example.com/", "http://127.0.0.1:3128")
	check("environment", "http://example.com/", "")
	check("no_proxy", "https://intern.test/", "")
	check("ours", "https://host.docker.internal:5000/", "")
	check("loopback", "https://127.0.0.1/", "")
	set.HTTPProxy, set.NoProxy = "mine:8", "other.test"
	check("setting", "http://example.com/", "http://mine:8")
	check("setting", "https://intern.test/", "http://127.0.0.1:3128")
	check("setting", "https://other.test/", "")
	set.HTTPProxy, set.HTTPSProxy = app.Off, app.Off
	check("off", "http://example.com/", "")
	check("off", "https://example.com/", "")
	if f.Any() {
		t.Error("off, and yet there is one")
	}
}
