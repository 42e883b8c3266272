package dockersock

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func proxyEnv(proxy string) ProxyEnv {
	f := func() string { return proxy }
	return ProxyEnv{Containers: f, Builds: f, NoProxy: "localhost"}
}

func TestProxyEnvOfContainers(t *testing.T) {
	const body = `{"Image":"x","env":["A=b","Https_Proxy=mine"],"HostConfig":{"Memory":12345678901234567}}`
	got, err := proxyEnv("http://p:1").Create(t.Context(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var now struct{ Env []string }
	if err := json.Unmarshal(got, &now); err != nil {
		t.Fatal(err)
	}
	want := []string{"A=b", "Https_Proxy=mine", "HTTP_PROXY=http://p:1", "NO_PROXY=localhost", "http_proxy=http://p:1", "no_proxy=localhost"}
	if !slices.Equal(now.Env, want) || !strings.Contains(string(got), "12345678901234567") || strings.Contains(string(got), `"env"`) {
		t.Errorf("got %s", got)
	}
	for _, other := range []string{body, "nonsense", "[]", "null", `{"Env":5}`} {
		p := proxyEnv("http://p:1")
		if other == body {
			p = proxyEnv("")
		}
		if got, err := p.Create(t.Context(), []byte(other)); err != nil || string(got) != other {
			t.Errorf("%s became %s, %v", other, got, err)
		}
	}
}

func TestProxyEnvOfBuilds(t *testing.T) {
	build := func(p ProxyEnv, target string) (string, map[string]string) {
		t.Helper()
		head := "POST " + target + " HTTP/1.1\r\nHost: d\r\nX: y\r\n\r\n"
		req, err := http.NewRequest(http.MethodPost, "http://d"+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		now := string(rebuilt(p.Build, req, []byte(head)))
		if !strings.HasSuffix(now, " HTTP/1.1\r\nHost: d\r\nX: y\r\n\r\n") {
			t.Errorf("the head became %q", now)
		}
		u, err := url.Parse(strings.Fields(now)[1])
		if err != nil {
			t.Fatal(err)
		}
		args := map[string]string{}
		if given := u.Query().Get("buildargs"); given != "" {
			if err := json.Unmarshal([]byte(given), &args); err != nil {
				t.Fatal(err)
			}
		}
		return strings.Fields(now)[1], args
	}
	if at, args := build(proxyEnv("http://p:1"), "/v1.45/build?t=a%2Fb&t=c"); args["HTTP_PROXY"] != "http://p:1" || args["no_proxy"] != "localhost" || !strings.Contains(at, "t=a%2Fb&t=c") {
		t.Errorf("%s: %v", at, args)
	}
	given := url.QueryEscape(`{"A":"b"}`)
	if _, args := build(proxyEnv("http://p:1"), "/build?buildargs="+given); args["A"] != "b" || args["https_proxy"] != "http://p:1" {
		t.Errorf("%v", args)
	}
	for _, same := range []string{
		"/build?buildargs=" + url.QueryEscape(`{"http_proxy":"mine"}`), "/build/prune?x=y", "/containers/create?name=x", "/build?buildargs=nonsense", "/build?a=%zz",
	} {
		if at, _ := build2(t, proxyEnv("http://p:1"), same); at != same {
			t.Errorf("%s became %s", same, at)
		}
	}
	if at, _ := build2(t, proxyEnv(""), "/build?b&a=1"); at != "/build?b&a=1" {
		t.Errorf("without a proxy: %s", at)
	}
}

// build2 is the target of a request as it is passed on.
func build2(t *testing.T, p ProxyEnv, target string) (string, *http.Request) {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	req := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: path, RawQuery: query}}
	return strings.Fields(string(rebuilt(p.Build, req, []byte("POST "+target+" HTTP/1.1\r\n\r\n"))))[1], req
}
