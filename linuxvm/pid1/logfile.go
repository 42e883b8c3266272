package pid1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// A logFile is a log on disk that stays under twice its limit: when the file is full it becomes path.1, in place of the
// one before. It may be written and copied concurrently. A logFile that is not open keeps the beginning in memory.
type logFile struct {
	limit int64

	mu      sync.Mutex
	path    string
	file    *os.File
	size    int64
	turns   int           // how often the file was turned over
	early   []byte        // written before open
	changed chan struct{} // closed and replaced at each write
}

func newLogFile(limit int64) *logFile {
	return &logFile{limit: limit, changed: make(chan struct{})}
}

// open lets the log go on at the end of the file at path; what was written before open is appended.
func (l *logFile) open(path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.openLocked(path); err != nil {
		return err
	}
	early := l.early
	l.early = nil
	_, err := l.writeLocked(early)
	return err
}

func (l *logFile) openLocked(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return fmt.Errorf("open log: %w", err)
	}
	l.path, l.file, l.size = path, f, info.Size()
	return nil
}

// wakeLocked wakes those who follow the log.
func (l *logFile) wakeLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Write appends to the log.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		l.early = append(l.early, p[:min(len(p), int(l.limit)-len(l.early))]...)
		return len(p), nil
	}
	return l.writeLocked(p)
}

func (l *logFile) writeLocked(p []byte) (int, error) {
	if l.size > 0 && l.size+int64(len(p)) > l.limit {
		if err := l.turnLocked(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	l.wakeLocked()
	return n, err
}

func (l *logFile) turnLocked() error {
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return fmt.Errorf("turn log over: %w", err)
	}
	old := l.file
	if err := l.openLocked(l.path); err != nil {
		return err
	}
	l.turns++
	return old.Close()
}

// close ends writing; what is written from then on is lost.
func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file, l.early = nil, nil
	return f.Close()
}

// copyTo writes the log to w, the older file first, and with follow what comes, until ctx ends.
func (l *logFile) copyTo(ctx context.Context, w io.Writer, follow bool) error {
	path, opened, err := l.copyEarly(ctx, w, follow)
	if err != nil || !opened {
		return err
	}
	if err := copyFile(w, path+".1"); err != nil {
		return err
	}
	for {
		again, err := l.copyCurrent(ctx, w, follow)
		if err != nil || !again {
			return err
		}
	}
}

// copyEarly waits with follow until the log is open; without, it writes what an unopened log has.
func (l *logFile) copyEarly(ctx context.Context, w io.Writer, follow bool) (path string, opened bool, err error) {
	for {
		l.mu.Lock()
		path, early, changed := l.path, l.early, l.changed
		l.mu.Unlock()
		switch {
		case path != "":
			return path, true, nil
		case !follow:
			_, err := w.Write(early)
			return "", false, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", false, ctx.Err()
		}
	}
}

// copyCurrent copies the current file, and with follow until it is turned over; it reports whether there is a next one.
func (l *logFile) copyCurrent(ctx context.Context, w io.Writer, follow bool) (again bool, err error) {
	l.mu.Lock()
	f, err := os.Open(l.path)
	turns := l.turns
	l.mu.Unlock()
	if err != nil {
		return false, fmt.Errorf("read log: %w", err)
	}
	defer f.Close()
	for {
		l.mu.Lock()
		changed, turned := l.changed, l.turns != turns
		l.mu.Unlock()
		if _, err := io.Copy(w, f); err != nil {
			return false, fmt.Errorf("read log: %w", err)
		}
		if turned || !follow {
			return turned && follow, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(w, f); err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	return nil
}
