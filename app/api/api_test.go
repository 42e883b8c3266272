package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/localsock"
)

// service is an app.Service that records what it is asked.
type service struct {
	asked    chan string
	snaps    chan app.Snapshot
	start    func(context.Context) error
	settings app.Settings
}

func (s *service) Snapshot(context.Context) (app.Snapshot, error) {
	return app.Snapshot{State: app.StateRunning, Ports: []app.Port{{Container: "web", ContainerPort: 80}}}, nil
}

func (s *service) Watch(ctx context.Context, f func(app.Snapshot) error) error {
	for {
		select {
		case snap := <-s.snaps:
			if err := f(snap); err != nil {
				return err
			}
		case <-ctx.Done():
			s.asked <- "watch ended"
			return ctx.Err()
		}
	}
}

func (s *service) Start(ctx context.Context) error { return s.start(ctx) }

func (s *service) Stop(_ context.Context, mode app.StopMode) error {
	s.asked <- "stop " + string(mode)
	return nil
}

func (s *service) Restart(context.Context) error {
	return app.Errorf("try `wherry start`", "cannot restart")
}

func (s *service) Settings(context.Context) (app.Settings, error) { return s.settings, nil }

func (s *service) Set(_ context.Context, changes map[string]string) (app.SetResult, error) {
	s.asked <- "set memory " + changes["memory"]
	return app.SetResult{Settings: s.settings, NeedRestart: []string{"memory"}}, nil
}

func (s *service) Reset(_ context.Context, keep bool) error {
	if keep {
		s.asked <- "reset, keep settings"
	}
	return nil
}

func (s *service) TracePort(_ context.Context, container string, port uint16, proto string) (app.Trace, error) {
	return app.Trace{Container: container, Port: port, Proto: proto, Hops: []app.Hop{{Name: "engine", State: app.HopOK}}}, nil
}

func (s *service) Ports(context.Context) ([]app.Port, error) {
	return []app.Port{{Container: "web", ContainerPort: 80, HostAddress: "127.0.0.1:8080"}}, nil
}

func (s *service) Logs(ctx context.Context, source app.LogSource, follow bool, w io.Writer) error {
	if source == app.LogKernel {
		return errors.New("no kernel log")
	}
	if _, err := io.WriteString(w, "one\n"); err != nil || !follow {
		return err
	}
	<-ctx.Done()
	s.asked <- "logs ended"
	return nil
}

func (s *service) Shell(_ context.Context, sh app.ShellSession) error {
	size := <-sh.Resize
	s.asked <- strings.Join(sh.Args, " ")
	b, err := io.ReadAll(sh.Stdin)
	if err != nil {
		return err
	}
	if size.Cols != 120 || sh.Size.Cols != 80 {
		return errors.New("wrong window size")
	}
	_, err = sh.Stdout.Write(bytes.ToUpper(b))
	return err
}

// serve runs a server of svc and returns a client of it and the server.
func serve(t *testing.T, svc *service) (*api.Client, *api.Server, home.Dir) {
	t.Helper()
	h, err := home.At(filepath.Join(t.TempDir(), "h"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Prepare(); err != nil {
		t.Fatal(err)
	}
	l, err := localsock.Listen(h.DaemonSocket())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := api.NewServer(api.ServerConfig{Service: svc, Logger: hclog.NewNullLogger(), Quit: cancel})
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return api.NewClient(h), server, h
}

func newService() *service {
	return &service{asked: make(chan string, 8), snaps: make(chan app.Snapshot), settings: app.Settings{CPUs: 3, Memory: 4 << 30}}
}

func TestCallsArriveWithTheirArguments(t *testing.T) {
	svc := newService()
	c, _, _ := serve(t, svc)
	if snap, err := c.Snapshot(t.Context()); err != nil || snap.State != app.StateRunning || snap.Ports[0].Container != "web" {
		t.Errorf("snapshot: %+v, %v", snap, err)
	}
	if s, err := c.Settings(t.Context()); err != nil || !reflect.DeepEqual(s, svc.settings) {
		t.Errorf("settings: %+v, %v", s, err)
	}
	if tr, err := c.TracePort(t.Context(), "a b", 53, "udp"); err != nil || tr.Container != "a b" || tr.Port != 53 || tr.Proto != "udp" || len(tr.Hops) != 1 {
		t.Errorf("trace: %+v, %v", tr, err)
	}
	if p, err := c.Ports(t.Context()); err != nil || len(p) != 1 || p[0].HostAddress != "127.0.0.1:8080" {
		t.Errorf("ports: %+v, %v", p, err)
	}
	if res, err := c.Set(t.Context(), map[string]string{"memory": "5GiB"}); err != nil || res.NeedRestart[0] != "memory" {
		t.Errorf("set: %+v, %v", res, err)
	}
	if err := errors.Join(c.Stop(t.Context(), app.StopForce), c.Reset(t.Context(), true)); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"set memory 5GiB", "stop force", "reset, keep settings"} {
		if got := <-svc.asked; got != want {
			t.Errorf("asked %q, want %q", got, want)
		}
	}
}

func TestErrorsKeepTheirHints(t *testing.T) {
	c, _, _ := serve(t, newService())
	info := app.InfoOf(c.Restart(t.Context()))
	if info == nil || info.Message != "cannot restart" || info.Hint != "try `wherry start`" {
		t.Errorf("got %+v", info)
	}
}

func TestGivingUpReachesTheService(t *testing.T) {
	svc := newService()
	svc.start = func(ctx context.Context) error {
		svc.asked <- "start"
		<-ctx.Done()
		svc.asked <- "given up"
		return ctx.Err()
	}
	c, _, _ := serve(t, svc)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Start(ctx) }()
	<-svc.asked
	cancel()
	if got := <-svc.asked; got != "given up" {
		t.Errorf("asked %q", got)
	}
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWatchStreamsAndEnds(t *testing.T) {
	svc := newService()
	c, server, _ := serve(t, svc)
	enough := errors.New("enough")
	got := make(chan app.State)
	done := make(chan error, 1)
	go func() {
		done <- c.Watch(t.Context(), func(s app.Snapshot) error {
			got <- s.State
			if s.State == app.StateRunning {
				return enough
			}
			return nil
		})
	}()
	for _, want := range []app.State{app.StateBooting, app.StateConnecting, app.StateRunning} {
		svc.snaps <- app.Snapshot{State: want}
		if s := <-got; s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
	if err := <-done; !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	if s := <-svc.asked; s != "watch ended" {
		t.Errorf("the service's watch goes on: %s", s)
	}
	if server.Served() != 1 {
		t.Errorf("served %d", server.Served())
	}
}

func TestLogs(t *testing.T) {
	svc := newService()
	c, _, _ := serve(t, svc)
	var b bytes.Buffer
	if err := c.Logs(t.Context(), app.LogEngine, false, &b); err != nil || b.String() != "one\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	if err := c.Logs(t.Context(), app.LogKernel, false, &b); err == nil || err.Error() != "no kernel log" {
		t.Errorf("got %v", err)
	}
	if info := app.InfoOf(c.Logs(t.Context(), "weather", false, &b)); info == nil || !strings.Contains(info.Hint, "daemon") {
		t.Errorf("got %+v", info)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- c.Logs(ctx, app.LogEngine, true, w) }()
	if _, err := io.ReadFull(r, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := <-svc.asked; got != "logs ended" {
		t.Errorf("asked %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("follow that was ended: %v", err)
	}
}

func TestShellCarriesInputSizeAndItsEnd(t *testing.T) {
	svc := newService()
	c, _, _ := serve(t, svc)
	resize := make(chan app.Size, 1)
	resize <- app.Size{Cols: 120, Rows: 40}
	var out bytes.Buffer
	big := strings.Repeat("x", 200_000)
	err := c.Shell(t.Context(), app.ShellSession{Args: []string{"tr", "a-z"}, TTY: true, Size: app.Size{Cols: 80, Rows: 24}, Resize: resize, Stdin: strings.NewReader(big), Stdout: &out})
	if err != nil || out.String() != strings.ToUpper(big) {
		t.Errorf("%d bytes came back, %v", out.Len(), err)
	}
	if got := <-svc.asked; got != "tr a-z" {
		t.Errorf("asked %q", got)
	}
}

func TestNobodyThere(t *testing.T) {
	h, err := home.At(filepath.Join(t.TempDir(), "h"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.NewClient(h).Snapshot(t.Context()); !errors.Is(err, api.ErrNoDaemon) {
		t.Errorf("got %v", err)
	}
}

func TestGarbageOnTheSocketHurtsNobody(t *testing.T) {
	svc := newService()
	c, _, h := serve(t, svc)
	for _, garbage := range []string{"\x00\xff\xfe", "GET / HTTP/1.1\r\n\r\n", "POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{{{{{", "POST /v1/shell HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]"} {
		conn, err := net.Dial("unix", h.DaemonSocket())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, garbage); err != nil {
			t.Fatal(err)
		}
		_ = conn.(*net.UnixConn).CloseWrite() // the server may have hung up already
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
	if _, err := c.Snapshot(t.Context()); err != nil {
		t.Error(err)
	}
}
