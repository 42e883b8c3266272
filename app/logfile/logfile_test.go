package logfile_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wherry-app/wherry/app/logfile"
)

// waiter is a buffer that tells when it holds a text.
type waiter struct {
	mu   sync.Mutex
	b    bytes.Buffer
	want string
	got  chan struct{}
}

func (w *waiter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.b.Write(b)
	if w.got != nil && strings.Contains(w.b.String(), w.want) {
		close(w.got)
		w.got = nil
	}
	return n, err
}

func (w *waiter) until(want string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := make(chan struct{})
	if strings.Contains(w.b.String(), want) {
		close(got)
		return got
	}
	w.want, w.got = want, got
	return got
}

func TestCopyWithoutFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	var b bytes.Buffer
	if err := logfile.Copy(t.Context(), path, false, &b); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing log: %v", err)
	}
	l := logfile.NewWriter(path)
	defer l.Close()
	if _, err := l.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	if err := logfile.Copy(t.Context(), path, false, &b); err != nil || b.String() != "hello\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

func TestFollowSeesNewFileAppendRotateAndTruncate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	ctx, cancel := context.WithCancel(t.Context())
	out := &waiter{}
	done := make(chan error, 1)
	go func() { done <- logfile.Copy(ctx, path, true, out) }()

	l := logfile.NewWriter(path)
	defer l.Close()
	for _, step := range []struct {
		name string
		do   func() error
		text string
	}{
		{"a file that comes later", func() error { return nil }, "first\n"},
		{"appended", func() error { return nil }, "second\n"},
		{"rotated", l.Rotate, "third\n"},
		{"cut", func() error { return os.Truncate(path, 0) }, "fourth, and longer than before\n"},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Write([]byte(step.text)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-out.until(step.text):
		case err := <-done:
			t.Fatalf("%s: ended with %v", step.name, err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("cancelled follow: %v", err)
	}
}
