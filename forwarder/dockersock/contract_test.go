package dockersock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/forwarder/dockersock"
)

// request sends a request on a fresh connection and returns the response with its body.
func request(t *testing.T, addr, method, path, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	tr := &http.Transport{DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// echoDockerd answers a start with 204 and all else with the method, the path and the body it got.
func echoDockerd(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "start") {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, b)
}

func TestStartIsAnsweredAfterTheHook(t *testing.T) {
	taken := errors.New(`port "8080" is taken`)
	var started []string
	addr, _ := startWith(t, http.HandlerFunc(echoDockerd), dockersock.Config{Started: func(_ context.Context, c string) error {
		started = append(started, c)
		if c == "taken" {
			return taken
		}
		return nil
	}})
	for _, path := range []string{"/v1.45/containers/web/start?x=y", "/containers/web/restart"} {
		if res, _ := request(t, addr, "POST", path, "", nil); res.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	res, body := request(t, addr, "POST", "/v1.45/containers/taken/start", "", nil)
	if res.StatusCode != http.StatusInternalServerError || body != `{"message":"port \"8080\" is taken"}` {
		t.Errorf("%s %s", res.Status, body)
	}
	if _, body := request(t, addr, "GET", "/v1.45/containers/web/start/x", "", nil); !strings.Contains(body, "GET") {
		t.Errorf("got %q", body)
	}
	if fmt.Sprint(started) != "[web web taken]" {
		t.Errorf("hook got %v", started)
	}
}

func TestCreateIsLookedAt(t *testing.T) {
	binds := dockersock.Binds{Sockets: []string{"/var/run/docker.sock"}, GuestSocket: "/run/docker.sock"}
	addr, _ := startWith(t, http.HandlerFunc(echoDockerd), dockersock.Config{Create: binds.Create})
	create := "/v1.45/containers/create"
	for name, header := range map[string]http.Header{"plain": nil, "100-continue": {"Expect": {"100-continue"}}} {
		t.Run(name, func(t *testing.T) {
			res, body := request(t, addr, "POST", create, `{"HostConfig":{"Binds":["/home/me:/data"]}}`, header)
			if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `\"/home/me\"`) {
				t.Errorf("%s %s", res.Status, body)
			}
			_, body = request(t, addr, "POST", create, `{"HostConfig":{"Binds":["/var/run/docker.sock:/d:ro"]}}`, header)
			if want := "POST " + create + ` {"HostConfig":{"Binds":["/run/docker.sock:/d:ro"]}}`; body != want {
				t.Errorf("dockerd got %s; want %s", body, want)
			}
			odd := `{ "Image": "x",  "HostConfig": {"Binds":["vol:/data"]} }`
			if _, body = request(t, addr, "POST", create, odd, header); body != "POST "+create+" "+odd {
				t.Errorf("dockerd got %s; want what the client sent", body)
			}
		})
	}
}

// TestOneConnection has requests of all kinds follow each other, sent at once.
func TestOneConnection(t *testing.T) {
	hook := func(context.Context, string) error { return errors.New("no") }
	refuse := func(_ context.Context, b []byte) ([]byte, error) {
		if string(b) == "bad" {
			return nil, errors.New("bad")
		}
		return append(b, '!'), nil
	}
	addr, _ := startWith(t, http.HandlerFunc(echoDockerd), dockersock.Config{Started: hook, Create: refuse})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	chunked := "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nbad\r\n0\r\nTrailer: 1\r\n\r\n"
	_, err = io.WriteString(c, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"+
		"HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\n"+
		"POST /containers/create HTTP/1.1\r\nHost: d\r\n"+chunked+
		"POST /containers/x/start HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n"+
		"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\n\r\ngood"+
		"POST /images/load HTTP/1.1\r\nHost: d\r\n"+chunked)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for i, want := range []string{"GET /_ping ", "", `{"message":"bad"}`, `{"message":"no"}`, "POST /containers/create good!", "POST /images/load bad"} {
		req := &http.Request{Method: http.MethodPost}
		if i == 1 {
			req.Method = http.MethodHead
		}
		res, err := http.ReadResponse(r, req)
		if err != nil {
			t.Fatalf("response %d: %v", i, err)
		}
		if b, err := io.ReadAll(res.Body); err != nil || string(b) != want {
			t.Errorf("response %d: %q, %v; want %q", i, b, err, want)
		}
	}
}

// TestRawStreamWithoutUpgrade is how attach was before upgrades.
func TestRawStreamWithoutUpgrade(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n")
		b, _ := io.ReadAll(rw)
		_, _ = c.Write(b)
	}))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST /containers/x/attach?stream=1 HTTP/1.1\r\nHost: d\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	stdin := "GET / no request at all\n"
	fmt.Fprint(c, stdin)
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != stdin {
		t.Errorf("%q, %v", b, err)
	}
}

// TestClientsEndReachesDockerd: a client that goes ends what dockerd does for it.
func TestClientsEndReachesDockerd(t *testing.T) {
	ended := make(chan struct{})
	addr, _ := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(ended)
	}))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-ended
}

// TestRefusedStartIsReworded: only errors of starts are, and what the hook leaves alone passes as it was; the connection
// can be used again.
func TestRefusedStartIsReworded(t *testing.T) {
	dockerd := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"message":"no %s"}`, r.URL.Path)
	}
	addr, _ := startWith(t, http.HandlerFunc(dockerd), dockersock.Config{Refused: func(_ context.Context, container, message string) string {
		if container == "web" {
			return container + ": " + message
		}
		return message
	}})
	tr := &http.Transport{MaxConnsPerHost: 1}
	defer tr.CloseIdleConnections()
	for _, c := range []struct{ path, want string }{
		{"/v1.45/containers/web/start", `{"message":"web: no /v1.45/containers/web/start"}`},
		{"/containers/db/start", `{"message":"no /containers/db/start"}`},
		{"/containers/web/stop", `{"message":"no /containers/web/stop"}`},
		{"/containers/web/restart", `{"message":"web: no /containers/web/restart"}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+addr+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusInternalServerError || string(b) != c.want {
			t.Errorf("%s: %s %s, %v; want %s", c.path, res.Status, b, err, c.want)
		}
	}
}
