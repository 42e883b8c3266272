package control_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
)

// fakeShell is the guest's side of PortShell: without TTY it prints its request and its input's size and bytes; with TTY
// it prints each frame as text, until the input "exit".
func fakeShell(_ context.Context, c link.Conn) {
	r := bufio.NewReader(c)
	req, err := control.ReadShellRequest(r)
	switch {
	case err != nil:
		return
	case slices.Equal(req.Args, []string{"missing"}):
		_ = control.WriteShellReply(c, control.ShellReply{Error: "missing: no such program"})
		return
	}
	_ = control.WriteShellReply(c, control.ShellReply{})
	fmt.Fprintf(c, "%v %v %v %dx%d\n", req.Args, slices.Sorted(maps.Keys(req.Env)), req.TTY, req.Cols, req.Rows)
	if !req.TTY {
		b, _ := io.ReadAll(r)
		fmt.Fprintf(c, "%d:", len(b))
		_, _ = c.Write(b)
		return
	}
	_ = control.ReadShellFrames(r, func(f control.ShellFrame) error {
		if f.Kind == control.ShellFrameResize {
			fmt.Fprintf(c, "size %dx%d\n", f.Cols, f.Rows)
			return nil
		}
		if string(f.Payload) == "exit\n" {
			return io.EOF
		}
		fmt.Fprintf(c, "input %q\n", f.Payload)
		return nil
	})
}

func shellLink(t *testing.T) link.Dialer {
	t.Helper()
	l, _ := linked(t, map[link.Port]func(context.Context, link.Conn){link.PortShell: fakeShell})
	return l
}

func TestShellWithoutTTY(t *testing.T) {
	in := strings.Repeat("x\x00y\n", 100_000)
	var out bytes.Buffer
	req := control.ShellRequest{Args: []string{"cat"}, Env: map[string]string{"A": "b"}}
	if err := control.Shell(t.Context(), shellLink(t), req, strings.NewReader(in), &out, nil); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("[cat] [A] false 0x0\n%d:%s", len(in), in)
	if out.String() != want {
		t.Errorf("output has %d bytes; want %d", out.Len(), len(want))
	}
}

func TestShellWithTTY(t *testing.T) {
	stdin, typed := io.Pipe()
	resize := make(chan [2]uint16)
	shown := make(chan string)
	done := make(chan error, 1)
	go func() {
		out := writerFunc(func(p []byte) (int, error) { shown <- string(p); return len(p), nil })
		done <- control.Shell(t.Context(), shellLink(t), control.ShellRequest{TTY: true, Cols: 80, Rows: 24}, stdin, out, resize)
	}()
	expect := func(want string) {
		t.Helper()
		for got := ""; got != want; {
			select {
			case s := <-shown:
				if got += s; !strings.HasPrefix(want, got) {
					t.Fatalf("shown %q; want %q", got, want)
				}
			case err := <-done:
				t.Fatalf("Shell = %v after %q; want %q", err, got, want)
			}
		}
	}
	expect("[] [] true 80x24\n")
	fmt.Fprint(typed, "ls\n")
	expect("input \"ls\\n\"\n")
	resize <- [2]uint16{132, 50}
	expect("size 132x50\n")
	close(resize)
	fmt.Fprint(typed, "exit\n")
	if err := <-done; err != nil {
		t.Errorf("Shell = %v", err)
	}
	typed.Close() // ends the read of stdin that Shell leaves behind
}

func TestShellFails(t *testing.T) {
	err := control.Shell(t.Context(), shellLink(t), control.ShellRequest{Args: []string{"missing"}}, strings.NewReader(""), io.Discard, nil)
	if err == nil || err.Error() != "missing: no such program" {
		t.Errorf("Shell = %v; want the guest's error", err)
	}
}

func TestShellHangsUpWithContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("window closed")
	stdin, typed := io.Pipe()
	out := writerFunc(func(p []byte) (int, error) { cancel(why); return len(p), nil })
	if err := control.Shell(ctx, shellLink(t), control.ShellRequest{TTY: true}, stdin, out, nil); !errors.Is(err, why) {
		t.Errorf("Shell = %v; want the cause of the cancellation", err)
	}
	typed.Close()
}
