package dock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/ui/model"
)

// Details are what inspecting a container tells.
type Details struct {
	// JSON is docker's whole description, indented.
	JSON   string
	Env    []string
	Mounts []model.Mount
	// Addresses are the container's, by network.
	Addresses      map[string]string
	Path           string
	Args           []string
	WorkingDir     string
	User, Hostname string
	RestartPolicy  string
	RestartCount   int
	ExitCode       int
	Error          string
	TTY            bool
	StartedAt      string
}

// Inspect describes a container.
func (s *Source) Inspect(ctx context.Context, id string) (Details, error) {
	var d Details
	cli, err := s.client()
	if err != nil {
		return d, err
	}
	r, err := cli.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return d, wrap("inspect the container", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, r.Raw, "", "  "); err != nil {
		return d, fmt.Errorf("read the container's description: %w", err)
	}
	c := r.Container
	d = Details{JSON: b.String(), Path: c.Path, Args: c.Args, RestartCount: c.RestartCount, Addresses: map[string]string{}}
	if c.Config != nil {
		d.Env, d.WorkingDir, d.User, d.Hostname, d.TTY = c.Config.Env, c.Config.WorkingDir, c.Config.User, c.Config.Hostname, c.Config.Tty
	}
	if c.HostConfig != nil {
		d.RestartPolicy = string(c.HostConfig.RestartPolicy.Name)
	}
	if c.State != nil {
		d.ExitCode, d.Error, d.StartedAt = c.State.ExitCode, c.State.Error, c.State.StartedAt
	}
	for _, m := range c.Mounts {
		d.Mounts = append(d.Mounts, mountOf(m))
	}
	if c.NetworkSettings != nil {
		for name, e := range c.NetworkSettings.Networks {
			if e != nil && e.IPAddress.IsValid() {
				d.Addresses[name] = e.IPAddress.String()
			}
		}
	}
	return d, nil
}

// Logs writes a container's output with timestamps, its last tail lines and then what comes, until the container ends or
// ctx does. out and errs are written from one goroutine.
func (s *Source) Logs(ctx context.Context, id string, tail int, follow bool, out, errs io.Writer) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	d, err := s.Inspect(ctx, id)
	if err != nil {
		return err
	}
	r, err := cli.ContainerLogs(ctx, id, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow, Tail: fmt.Sprint(tail),
	})
	if err != nil {
		return wrap("read the logs", err)
	}
	defer r.Close()
	if d.TTY {
		_, err = io.Copy(out, r)
	} else {
		_, err = stdcopy.StdCopy(out, errs, r)
	}
	if ctx.Err() != nil {
		return nil
	}
	return wrap("read the logs", err)
}

// Processes lists what runs in a container: column titles and rows.
func (s *Source) Processes(ctx context.Context, id string) ([]string, [][]string, error) {
	cli, err := s.client()
	if err != nil {
		return nil, nil, err
	}
	r, err := cli.ContainerTop(ctx, id, client.ContainerTopOptions{})
	if err != nil {
		return nil, nil, wrap("list the processes", err)
	}
	return r.Titles, r.Processes, nil
}

// shellLine picks the best shell there is.
const shellLine = "command -v bash >/dev/null 2>&1 && exec bash; exec sh"

// A Terminal is a shell in a container. Read gives its output, Write its input; Close ends it.
type Terminal struct {
	cli  *client.Client
	id   string
	conn client.HijackedResponse
}

var _ io.ReadWriteCloser = (*Terminal)(nil)

// Open starts a shell in a container on a terminal of the size.
func (s *Source) Open(ctx context.Context, id string, cols, rows int) (*Terminal, error) {
	cli, err := s.client()
	if err != nil {
		return nil, err
	}
	size := client.ConsoleSize{Width: uint(cols), Height: uint(rows)}
	made, err := cli.ExecCreate(ctx, id, client.ExecCreateOptions{
		TTY: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, ConsoleSize: size,
		Env: []string{"TERM=xterm-256color"}, Cmd: []string{"sh", "-c", shellLine},
	})
	if err != nil {
		return nil, wrap("open a terminal", err)
	}
	r, err := cli.ExecAttach(ctx, made.ID, client.ExecAttachOptions{TTY: true, ConsoleSize: size})
	if err != nil {
		return nil, wrap("open a terminal", err)
	}
	return &Terminal{cli: cli, id: made.ID, conn: r.HijackedResponse}, nil
}

func (t *Terminal) Read(b []byte) (int, error)  { return t.conn.Reader.Read(b) }
func (t *Terminal) Write(b []byte) (int, error) { return t.conn.Conn.Write(b) }

// Close ends a shell that waits at its prompt; docker has no way to end one that runs a program.
func (t *Terminal) Close() error {
	_, _ = t.conn.Conn.Write([]byte{4}) // end of input; the shell may be gone already
	t.conn.Close()
	return nil
}

// Resize tells the shell its terminal's size. A shell that has ended is no error.
func (t *Terminal) Resize(ctx context.Context, cols, rows int) error {
	_, err := t.cli.ExecResize(ctx, t.id, client.ExecResizeOptions{Width: uint(cols), Height: uint(rows)})
	if cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		return nil
	}
	return wrap("resize the terminal", err)
}

// output runs a program in a container and returns what it wrote.
func (s *Source) output(ctx context.Context, id string, cmd ...string) (string, error) {
	cli, err := s.client()
	if err != nil {
		return "", err
	}
	made, err := cli.ExecCreate(ctx, id, client.ExecCreateOptions{AttachStdout: true, AttachStderr: true, Cmd: cmd})
	if err != nil {
		return "", err
	}
	r, err := cli.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return "", err
	}
	defer r.Close()
	stop := context.AfterFunc(ctx, r.Close)
	defer stop()
	var out, errs bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &errs, r.Reader); err != nil {
		return "", errors.Join(ctx.Err(), err)
	}
	st, err := cli.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err != nil {
		return "", err
	}
	if st.ExitCode != 0 {
		return "", fmt.Errorf("%s: %s", cmd[0], bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}
