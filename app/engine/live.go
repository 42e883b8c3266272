package engine

import (
	"context"
	"sync"

	"github.com/wherry-app/wherry/app"
)

// liveSettings tells who wants to know of changed settings, for those that a running engine takes up at once. Its zero
// value is ready for use.
type liveSettings struct {
	mu       sync.Mutex
	watchers map[chan app.Settings]struct{}
}

// watch returns a channel that gets the settings whenever they were changed; the newest win when the receiver is slow.
// The caller must call cancel when it has seen enough; that does not close the channel.
func (l *liveSettings) watch() (changed <-chan app.Settings, cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers == nil {
		l.watchers = make(map[chan app.Settings]struct{})
	}
	c := make(chan app.Settings, 1)
	l.watchers[c] = struct{}{}
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, c)
	}
}

// tell says that these are the settings now. It does not block.
func (l *liveSettings) tell(s app.Settings) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.watchers {
		select {
		case <-c:
		default:
		}
		c <- s
	}
}

// onSettings has f called, in a task of that name, with the settings whenever they were changed while the session lives.
func (s *session) onSettings(name string, f func(app.Settings)) {
	changed, cancel := s.settings.watch()
	s.later(cancel)
	s.task(name, func(ctx context.Context) error {
		for {
			select {
			case set := <-changed:
				f(set)
			case <-ctx.Done():
				return nil
			}
		}
	})
}
