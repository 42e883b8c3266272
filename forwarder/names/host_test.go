package names

import (
	"net/http"
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for in, want := range map[string]host{
		"web.localhost":           {name: "web"},
		"WEB.LocalHost.":          {name: "web"},
		"web.localhost:8080":      {name: "web", port: 8080},
		"web.localhost:":          {name: "web"},
		"db.shop.localhost:80":    {name: "db.shop", port: 80},
		"my_app-1.localhost":      {name: "my_app-1"},
		"8080.web.localhost":      {name: "8080.web"},
		"localhost":               {},
		"localhost:7080":          {port: 7080},
		"127.0.0.1":               {},
		"127.0.0.1:7080":          {port: 7080},
		"[::1]:7080":              {port: 7080},
		"[::1]":                   {},
		"a.localhost.localhost:1": {name: "a.localhost", port: 1},
	} {
		if got, ok := parseHost(in); !ok || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", "example.com", "web.localhost.example.com", "weblocalhost", ".localhost", "a..localhost", "10.0.0.1", "[fe80::1]:80",
		"web.localhost:x", "web.localhost:70000", "web.localhost:-1", "web.localhost:+1", "w eb.localhost", "wéb.localhost", "a/b.localhost", "[::1",
		"user@web.localhost",
	} {
		if got, ok := parseHost(in); ok {
			t.Errorf("%q: got %+v", in, got)
		}
	}
}

// FuzzParseHost: what is taken for a host of ours is one, whatever a client sends.
func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"web.localhost:80", "127.0.0.1:1", "[::1]:2", "8080.a_b.localhost.", "localhost", "evil.com", "[", ":", "a.localhost:99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := parseHost(s)
		if !ok {
			return
		}
		if h.name != "" && (h.name != strings.ToLower(h.name) || !valid(h.name) || !strings.Contains(strings.ToLower(s), h.name+".localhost")) {
			t.Fatalf("%q is taken for %+v", s, h)
		}
		if again, ok := parseHost(h.name + suffix); h.name != "" && (!ok || again.name != h.name) {
			t.Fatalf("%q, written anew, is taken for %+v, %v", s, again, ok)
		}
		if port, rest, ok := cutPort(h.name); ok && (port == 0 || !strings.HasSuffix(h.name, "."+rest)) {
			t.Fatalf("%q is cut into %d and %q", h.name, port, rest)
		}
		// Nothing that is taken gets to write into a head of HTTP.
		if strings.ContainsAny(h.name, "\r\n \x00") {
			t.Fatalf("%q", h.name)
		}
	})
}

// FuzzRoute: whatever is asked, a container is found only by a name that it has.
func FuzzRoute(f *testing.F) {
	var table Table
	table.Set(testTargets())
	for _, s := range []string{"web.localhost", "web.localhost:90", "8080.web.localhost", "api.shop.localhost", "0.web.localhost", "none.localhost"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := parseHost(s)
		if !ok {
			return
		}
		x, port, ok := table.find(h, []uint16{80})
		if !ok {
			return
		}
		named := false
		for _, n := range x.hosts() {
			named = named || h.name == n || strings.HasSuffix(h.name, "."+n)
		}
		if !named {
			t.Fatalf("%q leads to %s", s, x.Name)
		}
		r := route{x, port}
		if _, err := http.NewRequest(http.MethodGet, "http://"+r.String()+"/", nil); err != nil {
			t.Fatal(err)
		}
	})
}
