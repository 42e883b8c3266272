package pid1

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
)

// serveShell runs a program for the host, on a terminal or not: see control.ShellRequest.
func (a *Agent) serveShell(ctx context.Context, c link.Conn) {
	in := bufio.NewReader(c)
	request, err := control.ReadShellRequest(in)
	if err != nil {
		replyShell(c, err)
		return
	}
	if len(request.Args) == 0 {
		request.Args = []string{"sh", "-l"}
	}
	serve := a.serveProgram
	if request.TTY {
		serve = a.serveTerminal
	}
	if err := serve(ctx, c, in, request); err != nil {
		replyShell(c, err)
	}
}

// replyShell answers the request. When that cannot be written the stream is broken, which its next use finds too.
func replyShell(w io.Writer, err error) {
	var reply control.ShellReply
	if err != nil {
		reply.Error = err.Error()
	}
	_ = control.WriteShellReply(w, reply)
}

// serveTerminal runs a program on a terminal of its own. An error is one from before it ran.
func (a *Agent) serveTerminal(ctx context.Context, c link.Conn, in *bufio.Reader, r control.ShellRequest) error {
	master, slave, err := openTerminal()
	if err != nil {
		return err
	}
	defer master.Close()
	resize(master, r.Cols, r.Rows)
	p, exited, err := a.startShell(r, []*os.File{slave, slave, slave},
		&syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0})
	slave.Close()
	if err != nil {
		return err
	}
	replyShell(c, nil)
	go func() {
		if err := feedTerminal(in, master); err != nil {
			hangUp(p.Pid)
		}
	}()
	stop := context.AfterFunc(ctx, func() { hangUp(p.Pid) })
	defer stop()
	_, _ = io.Copy(c, master) // ends with EIO when the last process has left the terminal
	hangUp(p.Pid)
	<-exited
	_ = c.CloseWrite()
	return nil
}

// feedTerminal passes the host's frames on to a terminal; their end is the end of a program's input.
func feedTerminal(in io.Reader, master *os.File) error {
	err := control.ReadShellFrames(in, func(f control.ShellFrame) error {
		switch f.Kind {
		case control.ShellFrameData:
			_, err := master.Write(f.Payload)
			return err
		case control.ShellFrameResize:
			resize(master, f.Cols, f.Rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	const endOfInput = 4 // Ctrl-D
	_, err = master.Write([]byte{endOfInput})
	return err
}

// serveProgram runs a program with the stream as its input and output. An error is one from before it ran.
func (a *Agent) serveProgram(ctx context.Context, c link.Conn, in *bufio.Reader, r control.ShellRequest) error {
	stdin, feed, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	output, stdout, err := os.Pipe()
	if err != nil {
		stdin.Close()
		feed.Close()
		return fmt.Errorf("make pipe: %w", err)
	}
	defer output.Close()
	p, exited, err := a.startShell(r, []*os.File{stdin, stdout, stdout}, &syscall.SysProcAttr{Setsid: true})
	stdin.Close()
	stdout.Close()
	if err != nil {
		feed.Close()
		return err
	}
	replyShell(c, nil)
	go func() {
		_, _ = io.Copy(feed, in)
		feed.Close()
	}()
	stop := context.AfterFunc(ctx, func() { hangUp(p.Pid) })
	defer stop()
	if _, err := io.Copy(c, output); err != nil {
		hangUp(p.Pid)
	}
	<-exited
	_ = c.CloseWrite()
	return nil
}

func (a *Agent) startShell(r control.ShellRequest, files []*os.File, attr *syscall.SysProcAttr) (*os.Process,
	<-chan error, error,
) {
	path, err := findProgram(r.Args[0])
	if err != nil {
		return nil, nil, err
	}
	env := environment("TERM=xterm-256color")
	for k, v := range r.Env {
		env = append(env, k+"="+v)
	}
	return a.children.start(path, r.Args[1:], &os.ProcAttr{Dir: "/root", Env: env, Files: files, Sys: attr})
}

// findProgram looks for a program where the guest's are.
func findProgram(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
	}
	return "", fmt.Errorf("program %q: %w", name, os.ErrNotExist)
}

// openTerminal makes a pseudo terminal.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open terminal: %w", err)
	}
	defer func() {
		if err != nil {
			master.Close()
		}
	}()
	conn, err := master.SyscallConn()
	if err != nil {
		return nil, nil, fmt.Errorf("open terminal: %w", err)
	}
	var n int
	var ioctlErr error
	err = conn.Control(func(fd uintptr) {
		if ioctlErr = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); ioctlErr == nil {
			n, ioctlErr = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err == nil {
		err = ioctlErr
	}
	if err != nil {
		return nil, nil, fmt.Errorf("unlock terminal: %w", err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open terminal: %w", err)
	}
	return master, slave, nil
}

func resize(master *os.File, cols, rows uint16) {
	if conn, err := master.SyscallConn(); err == nil && cols > 0 && rows > 0 {
		_ = conn.Control(func(fd uintptr) {
			_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: cols, Row: rows})
		})
	}
}

// hangUp tells a session's processes that their terminal is gone.
func hangUp(pid int) {
	_ = unix.Kill(-pid, unix.SIGHUP)
}
