package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config is what a Server is made of.
type Config struct {
	// Table says what names mean.
	Table *Table
	// Dial connects to a port of a container.
	Dial func(ctx context.Context, t Target, port uint16) (net.Conn, error)
	// Ports are those to listen on, the first that can be had; HTTPSPorts the same for HTTPS, without a CA not used.
	Ports, HTTPSPorts []uint16
	CA                *CA
	// Logger may be nil.
	Logger hclog.Logger
}

// Ports to listen on where nothing else is said: the web's own, and else ones that need no rights.
func Ports() (http, https []uint16) {
	http, https = []uint16{80}, []uint16{443}
	for i := range uint16(10) {
		http, https = append(http, 7080+i), append(https, 7443+i)
	}
	return http, https
}

// Name is a name that answers.
type Name struct {
	Host      string `json:"host"` // with .localhost
	URL       string `json:"url"`
	Container string `json:"container"`
	Port      uint16 `json:"port,omitempty"` // in the container
}

// Status says where a Server listens and which names it knows.
type Status struct {
	// HTTP and HTTPS are ports of the loopback, 0 where it does not listen.
	HTTP, HTTPS uint16
	Names       []Name
	// Err is why it does not listen.
	Err error
}

// Server answers requests by name.
type Server struct {
	cfg   Config
	log   hclog.Logger
	back  *backends
	proxy *httputil.ReverseProxy
	http  *http.Server

	mu     sync.Mutex
	closed bool
	plain  door
	secure door
	err    error
	wg     sync.WaitGroup
}

// New makes a Server; it does not listen yet.
func New(c Config) *Server {
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	s := &Server{cfg: c, log: c.Logger.Named("names"), back: newBackends(c.Table, c.Dial)}
	quiet := s.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug})
	s.proxy = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: roundTripper{s.back}, FlushInterval: -1, ErrorLog: quiet,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the client has gone
			}
			if to, ok := r.Context().Value(routeKey{}).(route); ok {
				say(w, r, http.StatusBadGateway, pageData{Title: "No answer", Text: explain(err, to), List: s.Status().Names})
			}
		},
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), Protocols: &protocols, ErrorLog: quiet,
		ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
	}
	if c.CA != nil {
		s.http.TLSConfig = newTLSConfig(c.CA)
	}
	return s
}

// Listen opens the first ports that can be had, but for those in avoid, which containers want. It may be called again when
// that has changed: connections go on. An error says that no port could be had; Status keeps it.
func (s *Server) Listen(avoid []uint16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.err = s.plain.move(s.cfg.Ports, avoid, func(l net.Listener) { s.run(func() error { return s.http.Serve(l) }) })
	if s.cfg.CA != nil {
		err := s.secure.move(s.cfg.HTTPSPorts, avoid, func(l net.Listener) { s.run(func() error { return s.http.ServeTLS(l, "", "") }) })
		s.err = errors.Join(s.err, err)
	}
	return s.err
}

func (s *Server) run(serve func() error) {
	s.wg.Go(func() {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.log.Warn("serve names", "error", err)
		}
	})
}

// Close closes the listeners and all connections, and waits for them. It is idempotent.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.plain.close()
	s.secure.close()
	s.mu.Unlock()
	err := s.http.Close()
	s.wg.Wait()
	s.back.close()
	return err
}

// Status says how it is now.
func (s *Server) Status() Status {
	s.mu.Lock()
	st := Status{HTTP: s.plain.port, HTTPS: s.secure.port, Err: s.err}
	s.mu.Unlock()
	at := ""
	if st.HTTP != 80 && st.HTTP != 0 {
		at = ":" + strconv.Itoa(int(st.HTTP))
	}
	for _, t := range s.cfg.Table.Targets() {
		for _, h := range t.hosts() {
			if x, _, ok := s.cfg.Table.find(host{name: h}, nil); ok && x.ID == t.ID {
				st.Names = append(st.Names, Name{Host: h + suffix, URL: "http://" + h + suffix + at, Container: t.Name, Port: t.Port})
			}
		}
	}
	return st
}

// ports are those it listens on.
func (s *Server) ports() []uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []uint16{s.plain.port, s.secure.port}
}

// Has tells whether it listens on a port of the loopback.
func (s *Server) Has(port uint16) bool { return port != 0 && slices.Contains(s.ports(), port) }

// routeKey is the key of a request's route in its context.
type routeKey struct{}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	h, ok := parseHost(r.Host)
	if !ok {
		http.Error(w, "names answers names under .localhost only", http.StatusMisdirectedRequest)
		return
	}
	if r.Method == http.MethodConnect {
		http.Error(w, "this is no proxy for the web: see `wherry names`", http.StatusMethodNotAllowed)
		return
	}
	if h.name == "" {
		say(w, r, http.StatusOK, pageData{Title: "Names of containers", Text: "These names lead to containers of this computer.", List: s.Status().Names})
		return
	}
	t, port, ok := s.cfg.Table.find(h, s.ports())
	switch {
	case !ok:
		say(w, r, http.StatusNotFound, pageData{
			Title: "No container is called " + h.name, List: s.Status().Names,
			Text: "A running container answers to its own name, and one of compose to SERVICE.PROJECT, too.",
		})
		return
	case port == 0:
		say(w, r, http.StatusNotFound, pageData{
			Title: t.Name + " exposes no port", List: s.Status().Names,
			Text: fmt.Sprintf("Name its port, as in http://8080.%s.localhost, publish one, or set the container's label %s.", h.name, LabelPort),
		})
		return
	}
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 has it anyway
	s.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, route{t, port})))
}

// rewrite sends a request to the container. It keeps the name that the client has used.
func rewrite(p *httputil.ProxyRequest) {
	to, _ := p.In.Context().Value(routeKey{}).(route)
	p.Out.URL = &url.URL{Scheme: to.scheme(), Host: to.String(), Path: p.In.URL.Path, RawPath: p.In.URL.RawPath, RawQuery: p.In.URL.RawQuery, ForceQuery: p.In.URL.ForceQuery}
	p.Out.Host = p.In.Host
	p.SetXForwarded()
	if v := p.In.Header["Http2-Settings"]; v != nil && p.Out.Header.Get("Upgrade") == "h2c" {
		p.Out.Header["Http2-Settings"] = v
		p.Out.Header.Set("Connection", "Upgrade, HTTP2-Settings")
	}
}

// roundTripper chooses how to speak to a container.
type roundTripper struct{ back *backends }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	to, _ := r.Context().Value(routeKey{}).(route)
	return t.back.transport(r.Context(), r, to).RoundTrip(r)
}
