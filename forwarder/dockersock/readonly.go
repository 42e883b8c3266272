package dockersock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// ReadOnlyConfig is what ServeReadOnly needs.
type ReadOnlyConfig struct {
	// Listener accepts the clients. ServeReadOnly closes it.
	Listener net.Listener
	// Dial opens a stream to dockerd.
	Dial func(ctx context.Context) (net.Conn, error)
	// Record is told each call. Nil does nothing.
	Record func(Call)
	// Logger may be nil.
	Logger hclog.Logger
}

// ServeReadOnly publishes of dockerd's API what changes nothing, for programs that may look on: requests are understood
// whole and sent anew, so that nothing else gets through. It returns when ctx ends, nil then, and else why it cannot go on.
func ServeReadOnly(ctx context.Context, c ReadOnlyConfig) error {
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	quiet := c.Logger.Named("dockersock").StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug})
	transport := &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Dial(ctx) },
		DisableCompression: true, IdleConnTimeout: 10 * time.Second,
	}
	defer transport.CloseIdleConnections()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "docker"
			p.Out.Host = "docker"
		},
		Transport: transport, FlushInterval: -1, ErrorLog: quiet,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, &statusError{fmt.Errorf("docker does not answer: %w", err), http.StatusBadGateway})
		},
	}
	srv := &http.Server{
		ReadHeaderTimeout: 30 * time.Second, ErrorLog: quiet, BaseContext: func(net.Listener) context.Context { return ctx },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
			seen.first = func(status int) {
				if c.Record != nil {
					c.Record(Call{Time: time.Now(), Method: r.Method, Path: r.RequestURI, Status: status})
				}
			}
			if !changesNothing(r) {
				refuse(seen, errReadOnly)
				return
			}
			proxy.ServeHTTP(seen, r)
		}),
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(c.Listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the read-only docker socket: %w", err)
	}
	return nil
}

// errReadOnly is what a client is told that wants more.
var errReadOnly = &statusError{errors.New("this docker socket is read-only: use Wherry's own, or set second_socket to audit"), http.StatusForbidden}

func refuse(w http.ResponseWriter, err error) {
	text := refusalText(err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(codeOf(err))
	_, _ = w.Write(text)
}

// changesNothing tells whether a request only looks: GET and HEAD of anything but what takes a connection over, without a
// body. Docker's API changes nothing by GET, but attaches by a websocket.
func changesNothing(r *http.Request) bool {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return false
	case r.Header.Get("Upgrade") != "" || r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return false
	}
	path := unversioned(r.URL.Path)
	return !strings.Contains(path, "/attach") && !strings.Contains(path, "//") && !strings.Contains(path, "/..")
}

// statusWriter notes the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
	first  func(status int)
}

func (w *statusWriter) WriteHeader(status int) {
	if status >= 200 && w.first != nil {
		w.first(status)
		w.first = nil
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.first != nil {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what is below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
