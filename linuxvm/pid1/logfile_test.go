package pid1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func newTestLog(t *testing.T, limit int64) (*logFile, string) {
	t.Helper()
	l := newLogFile(limit)
	path := filepath.Join(t.TempDir(), "x.log")
	t.Cleanup(func() { _ = l.close() })
	return l, path
}

func write(t *testing.T, l *logFile, text string) {
	t.Helper()
	if n, err := l.Write([]byte(text)); err != nil || n != len(text) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

func content(t *testing.T, l *logFile) string {
	t.Helper()
	var b bytes.Buffer
	if err := l.copyTo(t.Context(), &b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLogKeepsWhatCameBeforeItWasOpen(t *testing.T) {
	l, path := newTestLog(t, 100)
	write(t, l, "early\n")
	if got := content(t, l); got != "early\n" {
		t.Errorf("before open: %q", got)
	}
	if err := l.open(path); err != nil {
		t.Fatal(err)
	}
	write(t, l, "late\n")
	if got := content(t, l); got != "early\nlate\n" {
		t.Errorf("after open: %q", got)
	}
}

func TestLogBeforeOpenIsBounded(t *testing.T) {
	l, _ := newTestLog(t, 10)
	for range 5 {
		write(t, l, "123456")
	}
	if got := content(t, l); got != "1234561234" {
		t.Errorf("got %q", got)
	}
}

func TestLogTurnsOverAndStaysBounded(t *testing.T) {
	l, path := newTestLog(t, 100)
	if err := l.open(path); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		write(t, l, fmt.Sprintf("line %03d\n", i))
	}
	for _, p := range []string{path, path + ".1"} {
		info, err := os.Stat(p)
		if err != nil || info.Size() > 100 {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	got := content(t, l)
	if !strings.HasSuffix(got, "line 098\nline 099\n") || !strings.HasPrefix(got, "line 0") {
		t.Errorf("got %q", got)
	}
	if lines := strings.Count(got, "\n"); lines < 12 || lines > 22 {
		t.Errorf("%d lines are kept", lines)
	}
}

func TestLogGoesOnAfterReopen(t *testing.T) {
	l, path := newTestLog(t, 100)
	if err := l.open(path); err != nil {
		t.Fatal(err)
	}
	write(t, l, "first boot\n")
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	l = newLogFile(100)
	if err := l.open(path); err != nil {
		t.Fatal(err)
	}
	defer l.close()
	write(t, l, "second boot\n")
	if got := content(t, l); got != "first boot\nsecond boot\n" {
		t.Errorf("got %q", got)
	}
}

// TestLogFollow reads while the log is written and turned over: every line comes once, in order.
func TestLogFollow(t *testing.T) {
	const lines = 2000
	l, path := newTestLog(t, 64<<10)
	if err := l.open(path); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		err := l.copyTo(ctx, w, true)
		if !errors.Is(err, context.Canceled) && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("follow: %v", err)
		}
		w.Close()
	})
	defer r.Close()
	buf := make([]byte, len("line 00000\n"))
	for i := range lines {
		line := fmt.Sprintf("line %05d\n", i)
		write(t, l, line)
		if _, err := io.ReadFull(r, buf); err != nil || string(buf) != line {
			t.Fatalf("read %q, %v, want %q", buf, err, line)
		}
	}
	cancel()
}

func TestLogFollowFromBeforeItWasOpen(t *testing.T) {
	l, path := newTestLog(t, 1000)
	write(t, l, "early\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = l.copyTo(ctx, w, true) })
	defer r.Close()
	if err := l.open(path); err != nil {
		t.Fatal(err)
	}
	write(t, l, "late\n")
	buf := make([]byte, len("early\nlate\n"))
	if _, err := io.ReadFull(r, buf); err != nil || string(buf) != "early\nlate\n" {
		t.Errorf("read %q, %v", buf, err)
	}
	cancel()
}
