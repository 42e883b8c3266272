package vmtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

// linkHost is the host's end of the link to a guest of package echo.
type linkHost struct {
	conn  net.Conn
	lines *bufio.Reader
}

func (s *suite) openLink(t *testing.T, m vmhost.Machine) *linkHost {
	t.Helper()
	conn, err := m.Open(t.Context(), vmhost.ChannelLink)
	if err != nil {
		t.Fatalf("open link: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &linkHost{conn, bufio.NewReader(conn)}
}

func (h *linkHost) close(t *testing.T) {
	t.Helper()
	if err := h.conn.Close(); err != nil {
		t.Errorf("close link: %v", err)
	}
}

func (h *linkHost) read(t *testing.T) string {
	t.Helper()
	line, err := h.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("read link: %v (after %q)", err, line)
	}
	return strings.TrimSuffix(line, "\n")
}

func (h *linkHost) want(t *testing.T, want string) {
	t.Helper()
	if line := h.read(t); line != want {
		t.Fatalf("guest says %q, want %q", line, want)
	}
}

func (h *linkHost) send(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(h.conn, line); err != nil {
		t.Fatalf("write link: %v", err)
	}
}

func (h *linkHost) wantEcho(t *testing.T, line string) {
	t.Helper()
	h.send(t, line)
	h.want(t, line)
}

// wantBulk sends size bytes and reads them back at the same time.
func (h *linkHost) wantBulk(t *testing.T, size int) {
	t.Helper()
	line := append(bytes.Repeat([]byte("0123456789abcdef"), 4095/16), '\n')
	sent := make(chan error, 1)
	go func() {
		for range size / len(line) {
			if _, err := h.conn.Write(line); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	got := make([]byte, len(line))
	for range size / len(line) {
		if _, err := io.ReadFull(h.lines, got); err != nil {
			t.Fatalf("read link: %v", err)
		}
		if !bytes.Equal(got, line) {
			t.Fatal("echo differs from what was sent")
		}
	}
	if err := <-sent; err != nil {
		t.Fatalf("write link: %v", err)
	}
}
