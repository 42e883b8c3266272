package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Counts is how many bytes went each way between the two connections given to Join.
type Counts struct {
	AToB, BToA int64
}

// Join copies between a and b, both ways, until both directions have ended, and closes both. It takes the connections
// over: the caller must not use them any more, except to close them.
//
// The end of a direction is passed on with CloseWrite; a connection without that method is closed instead, which ends
// the other direction too. When a connection breaks, the other one is reset (by its Reset method, or as TCP does it), so
// that nobody takes a part for the whole; likewise both, when ctx ends.
//
// The error is nil when both directions ended in order, ctx's cause when ctx ended first, and else says what broke.
func Join(ctx context.Context, a, b net.Conn) (Counts, error) {
	var (
		n        Counts
		errA     error // of the direction from a to b
		errB     error // of the direction from b to a
		wg       sync.WaitGroup
		abortAll = func() { Abort(a); Abort(b) }
	)
	stop := context.AfterFunc(ctx, abortAll)
	wg.Go(func() {
		if n.AToB, errA = forward(b, a); errA != nil {
			abortAll()
		}
	})
	if n.BToA, errB = forward(a, b); errB != nil {
		abortAll()
	}
	wg.Wait()

	if !stop() && (errA != nil || errB != nil) {
		return n, context.Cause(ctx)
	}
	if err := first(errA, errB); err != nil {
		return n, err
	}
	a.Close()
	b.Close()
	return n, nil
}

// forward copies src to dst until src ends, and then ends dst.
func forward(dst, src net.Conn) (int64, error) {
	n, err := transfer(dst, src)
	if err != nil {
		return n, err
	}
	if err := CloseWrite(dst); err != nil && !gone(err) {
		return n, fmt.Errorf("end stream: %w", err)
	}
	return n, nil
}

// CloseWrite ends what is written to c; without a method for that it closes c.
func CloseWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return c.Close()
}

// Abort closes c such that its peer sees a failure and not an end, where c can do that.
func Abort(c net.Conn) {
	switch c := c.(type) {
	case interface{ Reset() error }:
		_ = c.Reset()
		return
	case interface{ SetLinger(sec int) error }:
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}

// first returns the error that says most: not that of a connection closed because of the other error.
func first(a, b error) error {
	if a == nil || (errors.Is(a, net.ErrClosed) && b != nil) {
		return b
	}
	return a
}

// gone tells whether err only says that the connection has ended already. Ending it again is then no failure: a peer
// that read all it wanted may leave before we say that there is no more.
func gone(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || disconnected(err)
}
