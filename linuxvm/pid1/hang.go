package pid1

import (
	"strings"
	"time"
)

const (
	// pingEvery is how often dockerd is asked whether it lives.
	pingEvery = 4 * time.Second
	// hungAfter is how many times it may say nothing before it counts as hung; killAfter how long a hung one is waited for,
	// since a machine under heavy load is slow and to kill dockerd ends the containers.
	hungAfter = 2
	killAfter = 45 * time.Second
)

// hangWatch decides from pings whether a program hangs.
type hangWatch struct {
	pid    int
	missed int
	since  time.Duration // when it began to hang
	hung   bool
}

// What is news about a program.
type hangNews int

const (
	hangNone hangNews = iota
	hangBegins
	hangEnds
	hangLasts // too long
)

// next takes the outcome of one more ping.
func (w *hangWatch) next(pid int, answered bool, now time.Duration) hangNews {
	if pid != w.pid {
		*w = hangWatch{pid: pid}
	}
	if answered {
		hung := w.hung
		*w = hangWatch{pid: pid}
		if hung {
			return hangEnds
		}
		return hangNone
	}
	w.missed++
	switch {
	case !w.hung && w.missed >= hungAfter:
		w.hung, w.since = true, now
		return hangBegins
	case w.hung && now-w.since >= killAfter:
		return hangLasts
	}
	return hangNone
}

// processState is the state in a process's stat, for example 'T' for one that was stopped; 0 if it has none.
func processState(stat string) byte {
	_, rest, _ := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	if rest == "" {
		return 0
	}
	return rest[0]
}
