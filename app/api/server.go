package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
)

// ServerConfig is what a Server is made of.
type ServerConfig struct {
	Service app.Service
	Logger  hclog.Logger
	// Quit is called when a client asks the daemon to end.
	Quit func()
	// Leave is called when a client asks the daemon to end and to leave the VM running for the next one; nil if it cannot.
	Leave func()
}

// Server offers a Service to local clients.
type Server struct {
	cfg    ServerConfig
	log    hclog.Logger
	active atomic.Int64
	served atomic.Int64
}

// NewServer makes a server; Serve starts it.
func NewServer(cfg ServerConfig) *Server {
	return &Server{cfg: cfg, log: cfg.Logger.Named("api")}
}

// Clients is how many requests are being served now.
func (s *Server) Clients() int { return int(s.active.Load()) }

// Served is how many requests were ever begun; two equal readings mean that nobody called in between.
func (s *Server) Served() int { return int(s.served.Load()) }

// Serve answers on l until ctx ends, then closes l and ends all requests.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          s.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
	})
	err := srv.Serve(l)
	if !stop() {
		<-closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	svc := s.cfg.Service
	mux.HandleFunc("GET "+pathStatus, func(w http.ResponseWriter, r *http.Request) { respond(w)(svc.Snapshot(r.Context())) })
	mux.HandleFunc("GET "+pathPorts, func(w http.ResponseWriter, r *http.Request) { respond(w)(svc.Ports(r.Context())) })
	mux.HandleFunc("GET "+pathTrace, s.trace)
	mux.HandleFunc("GET "+pathSettings, func(w http.ResponseWriter, r *http.Request) { respond(w)(svc.Settings(r.Context())) })
	mux.HandleFunc("POST "+pathStart, func(w http.ResponseWriter, r *http.Request) { done(w, svc.Start(waiting(r))) })
	mux.HandleFunc("POST "+pathRestart, func(w http.ResponseWriter, r *http.Request) { done(w, svc.Restart(waiting(r))) })
	mux.HandleFunc("POST "+pathStop, func(w http.ResponseWriter, r *http.Request) {
		if b, ok := decode[stopBody](w, r); ok {
			done(w, svc.Stop(r.Context(), b.Mode))
		}
	})
	mux.HandleFunc("POST "+pathReset, func(w http.ResponseWriter, r *http.Request) {
		if b, ok := decode[resetBody](w, r); ok {
			done(w, svc.Reset(r.Context(), b.KeepSettings))
		}
	})
	mux.HandleFunc("PATCH "+pathSettings, func(w http.ResponseWriter, r *http.Request) {
		if b, ok := decode[map[string]string](w, r); ok {
			respond(w)(svc.Set(r.Context(), b))
		}
	})
	mux.HandleFunc("POST "+pathQuit, func(w http.ResponseWriter, _ *http.Request) {
		done(w, nil)
		s.cfg.Quit()
	})
	mux.HandleFunc("POST "+pathLeave, s.leave)
	mux.HandleFunc("GET "+pathWatch, s.watch)
	mux.HandleFunc("GET "+pathLogs+"{source}", s.logs)
	mux.HandleFunc("POST "+pathShell, s.shell)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, app.Errorf("update Wherry so that its parts have one version", "the daemon has no %s %s", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.active.Add(1)
		s.served.Add(1)
		defer s.active.Add(-1)
		mux.ServeHTTP(w, r)
	})
}

// watch streams snapshots, one a line.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	err := s.cfg.Service.Watch(r.Context(), func(snap app.Snapshot) error {
		return errors.Join(enc.Encode(snap), out.Flush())
	})
	if err != nil && r.Context().Err() == nil {
		s.log.Debug("watch ended", "error", err)
	}
}

// logs streams a log as it is.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	source := app.LogSource(r.PathValue("source"))
	if !slices.Contains(app.LogSources(), source) {
		fail(w, http.StatusNotFound, UnknownLog(string(source)))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out := &flusher{w: w, c: http.NewResponseController(w)}
	err := s.cfg.Service.Logs(r.Context(), source, r.URL.Query().Get("follow") == "1", out)
	if err != nil && !out.begun {
		fail(w, http.StatusInternalServerError, err)
	}
}

// UnknownLog is the error for a log that does not exist.
func UnknownLog(name string) error {
	var names []string
	for _, l := range app.LogSources() {
		names = append(names, string(l))
	}
	return app.Errorf("use one of: "+strings.Join(names, ", "), "there is no log %q", name)
}

// flusher sends each write at once.
type flusher struct {
	w     io.Writer
	c     *http.ResponseController
	begun bool
}

func (f *flusher) Write(b []byte) (int, error) {
	f.begun = true
	n, err := f.w.Write(b)
	return n, errors.Join(err, f.c.Flush())
}

// shell turns the connection into the terminal of a program in the guest.
func (s *Server) shell(w http.ResponseWriter, r *http.Request) {
	body, ok := decode[shellBody](w, r)
	if !ok {
		return
	}
	snap, err := s.cfg.Service.Snapshot(r.Context())
	if err != nil || (snap.State != app.StateRunning && snap.State != app.StateConnecting) {
		fail(w, http.StatusConflict, app.Errorf("run `wherry start` first", "the engine is not running"))
		return
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+shellProtocol+"\r\n\r\n"); err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	stdin, input := io.Pipe()
	resize := make(chan app.Size, 1)
	go func() {
		defer cancel()
		defer close(resize)
		input.CloseWithError(readShell(buf, input, resize))
	}()
	err = s.cfg.Service.Shell(ctx, app.ShellSession{Args: body.Args, TTY: body.TTY, Size: body.Size, Resize: resize, Stdin: stdin, Stdout: conn})
	if err != nil && ctx.Err() == nil {
		_, _ = io.WriteString(conn, "wherry: "+app.InfoOf(err).Message+"\r\n")
	}
	_ = stdin.Close()
}

// readShell takes the client's frames apart until it hangs up. The newest size wins.
func readShell(r io.Reader, input *io.PipeWriter, resize chan app.Size) error {
	buf := make([]byte, 1<<16)
	for {
		kind, b, err := readFrame(r, buf)
		if err != nil {
			return err
		}
		switch kind {
		case frameInput:
			if len(b) == 0 {
				_ = input.Close() // the end of the client's input
				continue
			}
			if _, err := input.Write(b); err != nil {
				return err
			}
		case frameResize:
			if size, ok := decodeSize(b); ok {
				select {
				case <-resize:
				default:
				}
				resize <- size
			}
		}
	}
}

// waiting is the context of a request without a body, which ends when the client hangs up. net/http notices that only
// once the body has been read.
func waiting(r *http.Request) context.Context {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20)) // whatever it is, it says nothing
	return r.Context()
}

// decode reads a JSON body; if that fails it has answered.
func decode[T any](w http.ResponseWriter, r *http.Request) (T, bool) {
	var v T
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&v)
	if err != nil {
		fail(w, http.StatusBadRequest, app.Errorf("send a JSON body as documented", "request is not understood: %w", err))
	}
	return v, err == nil
}

// respond answers with a value or an error.
func respond(w http.ResponseWriter) func(v any, err error) {
	return func(v any, err error) {
		if err != nil {
			fail(w, http.StatusInternalServerError, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
	}
}

func done(w http.ResponseWriter, err error) { respond(w)(struct{}{}, err) }

func fail(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(app.InfoOf(err)) // the client is gone if this fails
}
