package wire

import (
	"io"
	"sync"
)

// Sender writes frames to a stream. Frames sent at the same time are joined into one write. It may be used from any
// goroutine.
type Sender struct {
	w io.Writer

	mu    sync.Mutex
	queue [][]byte
	busy  bool
	err   error
}

// NewSender makes a Sender.
func NewSender(w io.Writer) *Sender { return &Sender{w: w} }

// joinLimit is how many bytes are copied together to save a write.
const joinLimit = 32 << 10

// Send sends the parts of one frame, or queues them for the one who is sending already. The parts must not be changed
// afterwards. The error is of this or an earlier frame; after one, nothing more is sent.
func (s *Sender) Send(parts ...[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.queue = append(s.queue, parts...)
	if s.busy {
		return nil
	}
	s.busy = true
	for len(s.queue) > 0 && s.err == nil {
		q := s.queue
		s.queue = nil
		s.mu.Unlock()
		err := s.write(q)
		s.mu.Lock()
		s.err = err
	}
	s.busy = false
	return s.err
}

func (s *Sender) write(q [][]byte) error {
	var small []byte
	flush := func() error {
		if len(small) == 0 {
			return nil
		}
		_, err := s.w.Write(small)
		small = nil
		return err
	}
	if len(q) == 1 {
		_, err := s.w.Write(q[0])
		return err
	}
	for _, b := range q {
		if len(small)+len(b) > joinLimit {
			if err := flush(); err != nil {
				return err
			}
		}
		if len(b) > joinLimit/2 {
			if err := flush(); err != nil {
				return err
			}
			if _, err := s.w.Write(b); err != nil {
				return err
			}
			continue
		}
		small = append(small, b...)
	}
	return flush()
}
