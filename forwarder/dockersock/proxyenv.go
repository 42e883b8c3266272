package dockersock

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ProxyEnv gives new containers, and builds, the variables that make programs use a proxy.
type ProxyEnv struct {
	// Containers and Builds return the proxy's URL, or nothing where there is to be none.
	Containers, Builds func() string
	// NoProxy are hosts that need none, as NO_PROXY has them.
	NoProxy string
}

// variables are those that programs look at. Not all look at the same ones.
func (p ProxyEnv) variables(proxy string) [][2]string {
	return [][2]string{
		{"HTTP_PROXY", proxy},
		{"HTTPS_PROXY", proxy},
		{"NO_PROXY", p.NoProxy},
		{"http_proxy", proxy},
		{"https_proxy", proxy},
		{"no_proxy", p.NoProxy},
	}
}

// Create is a Config's: it adds variables that the request does not set itself, in small letters or large.
func (p ProxyEnv) Create(_ context.Context, body []byte) ([]byte, error) {
	proxy := p.Containers()
	if proxy == "" {
		return body, nil
	}
	var asked struct{ Env []string }
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &asked) != nil || json.Unmarshal(body, &fields) != nil || fields == nil {
		return body, nil // dockerd says better what is wrong
	}
	env := asked.Env
	for _, v := range p.variables(proxy) {
		set := slices.ContainsFunc(asked.Env, func(e string) bool {
			name, _, _ := strings.Cut(e, "=")
			return strings.EqualFold(name, v[0])
		})
		if !set {
			env = append(env, v[0]+"="+v[1])
		}
	}
	raw, err := json.Marshal(env)
	if err != nil {
		return nil, err
	}
	for name := range fields {
		if strings.EqualFold(name, "Env") {
			delete(fields, name)
		}
	}
	fields["Env"] = raw
	return json.Marshal(fields)
}

// Build is a Config's: it adds build arguments, which docker knows for a proxy's without being told, unless the request
// sets any of them.
func (p ProxyEnv) Build(query url.Values) {
	proxy := p.Builds()
	if proxy == "" {
		return
	}
	args := map[string]*string{}
	if given := query.Get("buildargs"); given != "" && json.Unmarshal([]byte(given), &args) != nil {
		return
	}
	for name := range args {
		if strings.HasSuffix(strings.ToLower(name), "_proxy") {
			return
		}
	}
	for _, v := range p.variables(proxy) {
		args[v[0]] = &v[1]
	}
	if raw, err := json.Marshal(args); err == nil {
		query.Set("buildargs", string(raw))
	}
}

// isBuild tells whether a request builds an image.
func isBuild(r *http.Request) bool {
	return r.Method == http.MethodPost && unversioned(r.URL.Path) == "/build"
}

// rebuilt is the head of a request to build, as dockerd gets it; any other one's stays.
func rebuilt(build func(url.Values), req *http.Request, head []byte) []byte {
	if build == nil || !isBuild(req) {
		return head
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return head
	}
	was := query.Encode()
	build(query)
	now := query.Encode()
	line, rest, ok := strings.Cut(string(head), "\n")
	if now == was || !ok {
		return head
	}
	method, after, ok := strings.Cut(line, " ")
	_, version, vok := strings.Cut(after, " ")
	if !ok || !vok {
		return head
	}
	return []byte(method + " " + req.URL.EscapedPath() + "?" + now + " " + version + "\n" + rest)
}
