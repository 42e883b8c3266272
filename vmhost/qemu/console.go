package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

const (
	// maxLog bounds the console log and what QEMU prints; the same again is kept in a file with ".1" behind its name.
	maxLog = 1 << 20
	// trimEvery is how often a running machine's logs are looked at.
	trimEvery = 10 * time.Second
	// tailSize is how much of a log is looked at for what ended the machine.
	tailSize = 16 << 10
)

// A bounded log is a file to which QEMU appends by itself, so that it goes on without us and never waits for us. It is
// kept bounded by those who look after the machine.
type boundedLog string

// rotate moves a full log away. Only for one that nobody writes to.
func (l boundedLog) rotate() error {
	if l.size() <= maxLog {
		return nil
	}
	return os.Rename(string(l), string(l)+".1")
}

// trim empties a full log in place and keeps its end beside it; what comes in between is lost.
func (l boundedLog) trim() error {
	if l.size() <= maxLog {
		return nil
	}
	end, err := l.tail(0, maxLog)
	if err != nil {
		return err
	}
	if err := os.WriteFile(string(l)+".1", end, 0o600); err != nil {
		return err
	}
	return os.Truncate(string(l), 0)
}

func (l boundedLog) size() int64 {
	info, err := os.Stat(string(l))
	if err != nil {
		return 0
	}
	return info.Size()
}

// tail reads at most limit bytes from the end, none of them before offset unless the log was emptied since.
func (l boundedLog) tail(offset, limit int64) ([]byte, error) {
	f, err := os.Open(string(l))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if offset > size {
		offset = 0
	}
	offset = max(offset, size-limit)
	return io.ReadAll(io.NewSectionReader(f, offset, size-offset))
}

// panicLine is the line with which the guest's kernel gave up, if it did since offset.
func (l boundedLog) panicLine(offset int64) (string, bool) {
	text, err := l.tail(offset, tailSize)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if _, cause, ok := strings.Cut(line, "Kernel panic - not syncing: "); ok {
			return strings.TrimSpace(cause), true
		}
	}
	return "", false
}

// keepBounded trims logs until ctx ends; complain gets the first failure.
func keepBounded(ctx context.Context, complain func(error), logs ...boundedLog) {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, log := range logs {
			if err := log.trim(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				complain(fmt.Errorf("trim log %q: %w", string(log), err))
				return
			}
		}
	}
}
