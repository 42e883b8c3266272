package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
	"gopkg.in/natefinch/lumberjack.v2"
)

// Bounds of a log: this many MiB a file, and this many older files.
const (
	maxMiB     = 8
	maxBackups = 2
)

// NewWriter appends to a log file, creating it and its folder, and turns to a new file when it gets large.
func NewWriter(path string) *lumberjack.Logger {
	return &lumberjack.Logger{Filename: path, MaxSize: maxMiB, MaxBackups: maxBackups}
}

// Copy writes a log file to w: what is there, and with follow what is appended, also across rotation, until ctx ends,
// which is no error. Following waits for a file that does not exist yet; without follow it is fs.ErrNotExist.
func Copy(ctx context.Context, path string, follow bool, w io.Writer) error {
	if !follow {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch log: %w", err)
	}
	defer watcher.Close()
	if err := watcher.Add(filepath.Dir(path)); err != nil {
		return fmt.Errorf("watch log: %w", err)
	}
	t := &tail{path: path, w: w}
	defer t.close()
	for {
		if err := t.more(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
		case err := <-watcher.Errors:
			return fmt.Errorf("watch log: %w", err)
		}
	}
}

// tail is a file that is being followed.
type tail struct {
	path string
	w    io.Writer
	f    *os.File
	pos  int64
}

// more copies what is new, turning to a new file if the path has one now and starting over if the file was cut.
func (t *tail) more() error {
	if err := t.drain(); err != nil {
		return err
	}
	now, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	if t.f != nil {
		if old, err := t.f.Stat(); err == nil && os.SameFile(old, now) {
			return nil
		}
		t.close()
	}
	if t.f, err = os.Open(t.path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("read log: %w", err)
	}
	return t.drain()
}

func (t *tail) drain() error {
	if t.f == nil {
		return nil
	}
	if st, err := t.f.Stat(); err == nil && st.Size() < t.pos {
		t.pos = 0
		if _, err := t.f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read log: %w", err)
		}
	}
	n, err := io.Copy(t.w, t.f)
	t.pos += n
	return err
}

func (t *tail) close() {
	if t.f != nil {
		_ = t.f.Close()
		t.f, t.pos = nil, 0
	}
}
