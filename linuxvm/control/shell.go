package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// Shell runs a program in the guest, with stdin as its input and stdout for its output and errors, and returns when it
// has ended and all its output is written, or when ctx ends, which hangs it up. The end of stdin is passed on and ends
// nothing else. With req.TTY, each value of resize (columns, rows) becomes the size of the program's window; resize may
// be nil and need not be closed.
//
// A Read of stdin that waits when the program ends cannot be taken back: it goes on, and what it reads is lost.
func Shell(ctx context.Context, d link.Dialer, req ShellRequest, stdin io.Reader, stdout io.Writer, resize <-chan [2]uint16) error {
	conn, err := d.Dial(ctx, link.PortShell)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Reset() })
	defer stop()

	err = shell(conn, req, stdin, stdout, resize)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// shell speaks the protocol of PortShell on conn.
func shell(conn link.Conn, req ShellRequest, stdin io.Reader, stdout io.Writer, resize <-chan [2]uint16) error {
	if err := writeLine(conn, req); err != nil {
		return fmt.Errorf("ask for a shell: %w", err)
	}
	r := bufio.NewReader(conn)
	var reply ShellReply
	if err := readLine(r, &reply); err != nil {
		return fmt.Errorf("ask for a shell: %w", err)
	}
	if reply.Error != "" {
		return errors.New(reply.Error)
	}

	in := &shellInput{conn: conn, tty: req.TTY}
	go func() {
		if _, err := io.Copy(in, stdin); err == nil {
			_ = conn.CloseWrite()
		}
	}()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for req.TTY {
			select {
			case size, ok := <-resize:
				if !ok {
					return
				}
				in.resize(size[0], size[1])
			case <-done:
				return
			}
		}
	})
	_, err := io.Copy(stdout, r)
	close(done)
	conn.Close() // also ends a write that waits
	wg.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("read shell output: %w", err)
	}
	return nil
}

// shellInput writes the host's side of a shell.
type shellInput struct {
	conn io.Writer
	tty  bool
	mu   sync.Mutex
}

func (s *shellInput) Write(p []byte) (int, error) {
	if !s.tty {
		return s.conn.Write(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.conn.Write(appendShellData(nil, p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// resize does its best: a window size that cannot be sent is followed by the error of reading.
func (s *shellInput) resize(cols, rows uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.conn.Write(appendShellResize(nil, cols, rows))
}
