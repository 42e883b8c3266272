package link

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// The handshake, by which both sides find the same point in a byte stream that may begin with anything:
//
//	guest                                host
//	want, again and again             →  hello(n) at once
//	                                  ←  hello(n), again and again, n fresh
//	ack(n)                            →  reads until this
//	                                  ←  start(n), then the session
//	ready(n), then the session        →  reads until this
//
// Each side skips what it does not wait for. A side that is still in an old session takes the first byte of a frame for
// a wrong version of yamux and ends it, or takes it for the rest of a message, which the growing filler completes.

// How a side repeats what the other does not answer: after pauses that double, and behind a filler that doubles until
// enough was sent to complete any message the other side may still be waiting for.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
	firstFill  = 4 << 10
	fillEnough = 2 * acceptMessage
)

// shakeHands runs one half of the handshake on t. When it returns nil, nothing but the session follows in t, both ways;
// else t is closed.
func shakeHands(ctx context.Context, t *transport, half func(*speaker, *bufio.Reader) error) error {
	unwatch := context.AfterFunc(ctx, func() { t.Close() })
	s := speak(t)
	err := half(s, t.r)
	if !unwatch() {
		err = ctx.Err()
	}
	if err != nil {
		t.Close() // also ends a write of the speaker
		s.stop()
		return fmt.Errorf("handshake: %w", err)
	}
	return nil
}

// greet is the host's half of the handshake.
func greet(s *speaker, r *bufio.Reader) error {
	var id [nonceLen / 2]byte
	rand.Read(id[:])
	n := nonce(hex.AppendEncode(nil, id[:]))

	s.repeat(frame{kindHello, n})
	started := false
	for {
		f, err := readFrame(r)
		switch {
		case err != nil:
			return err
		case f.kind == kindWant && !started:
			s.repeat(frame{kindHello, n}) // the guest may have missed the last one
		case f == frame{kindAck, n} && !started:
			started = true
			s.finish(frame{kindStart, n})
		case f == frame{kindReady, n} && started:
			return s.wait()
		}
	}
}

// answer is the guest's half of the handshake.
func answer(s *speaker, r *bufio.Reader) error {
	s.repeat(frame{kindWant, noNonce})
	host := noNonce
	for {
		f, err := readFrame(r)
		switch {
		case err != nil:
			return err
		case f.kind == kindHello:
			host = f.nonce
			s.once(frame{kindAck, host})
		case f == frame{kindStart, host} && host != noNonce:
			s.finish(frame{kindReady, host})
			return s.wait()
		}
	}
}

// A speaker writes the frames of one side, so that the side never stops reading to write: two sides that both wait to
// be heard would wait for ever. Its methods are for one goroutine.
type speaker struct {
	lines chan line
	quit  chan struct{}
	done  chan struct{}
	err   error // after done
}

// line is what a speaker is to say next; the newest counts.
type line struct {
	frame       frame
	again, last bool
}

// speak starts a speaker, which ends after finish or stop, or when it cannot write.
func speak(w io.Writer) *speaker {
	s := &speaker{lines: make(chan line, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = s.run(w)
	}()
	return s
}

// repeat says f now and again until the next call of the speaker.
func (s *speaker) repeat(f frame) { s.say(line{frame: f, again: true}) }

// once says f.
func (s *speaker) once(f frame) { s.say(line{frame: f}) }

// finish says f as the last thing.
func (s *speaker) finish(f frame) { s.say(line{frame: f, last: true}) }

func (s *speaker) say(l line) {
	select {
	case <-s.lines:
	default:
	}
	s.lines <- l
}

// wait returns when what finish was given is written.
func (s *speaker) wait() error { <-s.done; return s.err }

// stop ends the speaker, after the write that goes on.
func (s *speaker) stop() { close(s.quit); <-s.done }

func (s *speaker) run(w io.Writer) error {
	var (
		cur    line
		pause  time.Duration
		fill   int // before the next frame
		filled int // since the line began
	)
	timer := time.NewTimer(lastPause)
	timer.Stop()
	for {
		select {
		case cur = <-s.lines:
			pause, fill, filled = firstPause, 0, 0
		case <-timer.C:
			pause = min(2*pause, lastPause)
			fill = min(max(firstFill, 2*fill), fillEnough-filled)
			filled += fill
		case <-s.quit:
			return nil
		}
		if _, err := w.Write(cur.frame.append(bytes.Repeat([]byte{filler}, fill))); err != nil {
			return fmt.Errorf("write handshake: %w", err)
		}
		switch {
		case cur.last:
			return nil
		case cur.again:
			timer.Reset(pause)
		default:
			timer.Stop()
		}
	}
}
