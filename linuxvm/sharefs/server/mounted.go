package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// State is how a share is.
type State struct {
	Share
	// Mounted says that the guest has it at its GuestPath.
	Mounted bool
	// Err is why it cannot be opened here, or mounted there.
	Err error
}

// setMounted takes what the guest says that it has mounted: lines of a path, and behind a zero byte why it failed.
func (s *Server) setMounted(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.mounted)
	for line := range strings.SplitSeq(string(data), "\n") {
		if path, problem, _ := strings.Cut(line, "\x00"); path != "" {
			s.mounted[path] = problem
		}
	}
	s.tell()
}

// tell wakes those who watch the states. It is called under mu.
func (s *Server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// States are those of all shares, as they were set last, and a channel that is closed when they have changed.
func (s *Server) States() ([]State, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]State, 0, len(s.wanted))
	for _, sh := range s.wanted {
		st := State{Share: sh, Err: s.failed[sh]}
		problem, there := s.mounted[sh.GuestPath]
		switch {
		case st.Err != nil:
		case problem != "":
			st.Err = errors.New(problem)
		default:
			st.Mounted = there
		}
		list = append(list, st)
	}
	return list, s.changed
}

// Mounted waits until the guest has mounted the share with a guest path, or cannot, or ctx ends.
func (s *Server) Mounted(ctx context.Context, guestPath string) error {
	for {
		states, changed := s.States()
		found := false
		for _, st := range states {
			if st.GuestPath == guestPath {
				found = true
				if st.Mounted || st.Err != nil {
					return st.Err
				}
			}
		}
		if !found {
			return fmt.Errorf("%q is not shared", guestPath)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
