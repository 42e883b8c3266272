package server

import (
	"context"
	"errors"
	"strings"
)

// setMounted takes what the guest says that it has mounted: lines of a path, and behind a zero byte why it failed.
func (s *Server) setMounted(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mounted = map[string]string{}
	for line := range strings.SplitSeq(string(data), "\n") {
		if path, problem, _ := strings.Cut(line, "\x00"); path != "" {
			s.mounted[path] = problem
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// Mounted waits until the guest has mounted the share with a guest path, or says why it cannot, or ctx ends.
func (s *Server) Mounted(ctx context.Context, guestPath string) error {
	for {
		s.mu.Lock()
		problem, ok := s.mounted[guestPath]
		changed := s.changed
		s.mu.Unlock()
		switch {
		case ok && problem != "":
			return errors.New(problem)
		case ok:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
