package pid1

import "time"

// backoff is how long to wait before a service that ended is started again: longer each time, from the beginning after
// it ran for a while.
type backoff struct{ next time.Duration }

const (
	firstPause  = 500 * time.Millisecond
	longestWait = 30 * time.Second
	goodRun     = time.Minute
)

// after returns the pause after a run that took that long.
func (b *backoff) after(run time.Duration) time.Duration {
	if b.next == 0 || run >= goodRun {
		b.next = firstPause
	}
	pause := b.next
	b.next = min(2*b.next, longestWait)
	return pause
}
