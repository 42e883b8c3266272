package guest

import "sync"

// budget bounds the bytes of writes that the kernel was told are done and the host has not answered yet.
type budget struct {
	mu    sync.Mutex
	bytes int
	room  *sync.Cond
}

// unanswered is how many bytes of writes may be on their way to the host.
const unanswered = 1 << 20

// take waits for room for n bytes, and takes it.
func (b *budget) take(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.room == nil {
		b.room = sync.NewCond(&b.mu)
	}
	for b.bytes > 0 && b.bytes+n > unanswered {
		b.room.Wait()
	}
	b.bytes += n
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= n
	b.room.Broadcast()
}

func (b *budget) used() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}
