package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/localsock"
)

// ErrNoDaemon is returned when no daemon answers on the socket.
var ErrNoDaemon = errors.New("the daemon is not running")

// Client is the daemon's Service seen from another process. Each call makes a connection of its own; a Client needs no
// closing and outlives the daemon.
type Client struct {
	address string
	http    *http.Client
}

var _ app.Service = (*Client)(nil)

// NewClient makes a client of the daemon that owns a state directory. It does not connect yet.
func NewClient(h home.Dir) *Client {
	c := &Client{address: h.DaemonSocket()}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
		DisableKeepAlives: true,
	}}
	return c
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := localsock.Dial(ctx, c.address)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrNoDaemon, err)
	}
	return conn, err
}

// Snapshot implements app.Observer.
func (c *Client) Snapshot(ctx context.Context) (snap app.Snapshot, err error) {
	err = c.call(ctx, http.MethodGet, pathStatus, nil, &snap)
	return snap, err
}

// Watch implements app.Observer.
func (c *Client) Watch(ctx context.Context, f func(app.Snapshot) error) error {
	res, err := c.do(ctx, http.MethodGet, pathWatch, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	dec := json.NewDecoder(res.Body)
	for {
		var snap app.Snapshot
		if err := dec.Decode(&snap); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%w: watch broke off: %w", ErrNoDaemon, err)
		}
		if err := f(snap); err != nil {
			return err
		}
	}
}

// Start implements app.Lifecycle.
func (c *Client) Start(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathStart, nil, nil)
}

// Stop implements app.Lifecycle.
func (c *Client) Stop(ctx context.Context, mode app.StopMode) error {
	return c.call(ctx, http.MethodPost, pathStop, stopBody{Mode: mode}, nil)
}

// Restart implements app.Lifecycle.
func (c *Client) Restart(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathRestart, nil, nil)
}

// Settings implements app.Configurer.
func (c *Client) Settings(ctx context.Context) (s app.Settings, err error) {
	err = c.call(ctx, http.MethodGet, pathSettings, nil, &s)
	return s, err
}

// Set implements app.Configurer.
func (c *Client) Set(ctx context.Context, changes map[string]string) (res app.SetResult, err error) {
	err = c.call(ctx, http.MethodPatch, pathSettings, changes, &res)
	return res, err
}

// Reset implements app.Configurer.
func (c *Client) Reset(ctx context.Context, keepSettings bool) error {
	return c.call(ctx, http.MethodPost, pathReset, resetBody{KeepSettings: keepSettings}, nil)
}

// Ports implements app.Inspector.
func (c *Client) Ports(ctx context.Context) (ports []app.Port, err error) {
	err = c.call(ctx, http.MethodGet, pathPorts, nil, &ports)
	return ports, err
}

// Logs implements app.Inspector.
func (c *Client) Logs(ctx context.Context, source app.LogSource, follow bool, w io.Writer) error {
	path := pathLogs + string(source)
	if follow {
		path += "?follow=1"
	}
	res, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err = io.Copy(w, res.Body); ctx.Err() != nil {
		return nil
	}
	return err
}

// Quit asks the daemon to stop the engine cleanly and to end.
func (c *Client) Quit(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathQuit, nil, nil)
}

// Shell implements app.Inspector.
func (c *Client) Shell(ctx context.Context, s app.ShellSession) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	out, err := upgrade(conn, shellBody{Args: s.Args, TTY: s.TTY, Size: s.Size})
	if err != nil {
		return err
	}
	go sendShell(conn, s)
	if _, err = io.Copy(s.Stdout, out); ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// upgrade asks for a shell and returns the reader of its output.
func upgrade(conn net.Conn, body shellBody) (io.Reader, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequest(http.MethodPost, "http://wherry"+pathShell, bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", shellProtocol)
	if err := req.Write(conn); err != nil {
		return nil, fmt.Errorf("ask for a shell: %w", err)
	}
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, req)
	if err != nil {
		return nil, fmt.Errorf("ask for a shell: %w", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		defer res.Body.Close()
		return nil, errorOf(res)
	}
	return r, nil
}

// sendShell sends input and window sizes, each as it comes, until the connection ends. The end of the input is an empty
// frame.
func sendShell(conn net.Conn, s app.ShellSession) {
	input := make(chan []byte)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(input)
		for {
			buf := make([]byte, 16<<10)
			n, err := s.Stdin.Read(buf)
			if n > 0 {
				select {
				case input <- buf[:n]:
				case <-done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		var err error
		select {
		case b, ok := <-input:
			if !ok {
				input = nil
			}
			err = writeFrame(conn, frameInput, b)
		case size, ok := <-s.Resize:
			if !ok {
				s.Resize = nil
				continue
			}
			err = writeFrame(conn, frameResize, encodeSize(size))
		}
		if err != nil {
			return
		}
	}
}

// call makes a request with a JSON body, where there is one, and decodes the answer into out, where that is not nil.
func (c *Client) call(ctx context.Context, method, path string, body, out any) error {
	res, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, res.Body)
	} else {
		err = json.NewDecoder(res.Body).Decode(out)
	}
	if err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil
}

// do makes a request and returns the response if it is a success.
func (c *Client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var payload io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://wherry"+path, payload)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	res, err := c.http.Do(req)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = res.Body.Close()
		}
		return nil, ctx.Err()
	case errors.Is(err, ErrNoDaemon):
		return nil, ErrNoDaemon
	case err != nil:
		return nil, fmt.Errorf("%w: it broke off: %w", ErrNoDaemon, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer res.Body.Close()
		return nil, errorOf(res)
	}
	return res, nil
}

// errorOf is the error that a response carries.
func errorOf(res *http.Response) error {
	var info app.ErrorInfo
	if err := json.NewDecoder(res.Body).Decode(&info); err != nil || info.Message == "" {
		return app.Errorf("restart the daemon with `wherry restart`", "the daemon answers %s", res.Status)
	}
	return info.AsError()
}
