package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// The first byte of a connection says what is wanted of the far end.
const (
	wantSink   = 's' // read to the end, then answer with the number of bytes, 8 bytes big-endian
	wantSource = 'g' // 8 bytes big-endian follow: send as many, less if the near end ends its side before
	wantEcho   = 'e' // send back what comes
)

// blockSize is how much is written and read at once.
const blockSize = 256 << 10

// Serve answers the connections of a listener until ctx ends, which is no error, and closes it. It returns when the last
// connection has ended.
func Serve(ctx context.Context, l net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		wg.Go(func() {
			defer c.Close()
			stop := context.AfterFunc(ctx, func() { c.Close() })
			defer stop()
			_ = answer(c) // the near end sees it too, and reports it
		})
	}
}

func answer(c net.Conn) error {
	var want [1]byte
	if _, err := io.ReadFull(c, want[:]); err != nil {
		return err
	}
	switch want[0] {
	case wantSink:
		return sink(c)
	case wantSource:
		return source(c)
	case wantEcho:
		return echo(c)
	}
	return fmt.Errorf("unknown request %q", want[0])
}

func sink(c net.Conn) error {
	n, err := drain(c)
	if err != nil {
		return err
	}
	return binary.Write(c, binary.BigEndian, uint64(n))
}

func source(c net.Conn) error {
	var left uint64
	if err := binary.Read(c, binary.BigEndian, &left); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = drain(c)
	}()
	block := make([]byte, blockSize)
	for left > 0 {
		select {
		case <-ended:
			return nil
		default:
		}
		n, err := c.Write(block[:min(left, blockSize)])
		if err != nil {
			return err
		}
		left -= uint64(n)
	}
	if err := closeWrite(c); err != nil {
		return err
	}
	<-ended
	return nil
}

func echo(c net.Conn) error {
	block := make([]byte, 4<<10)
	for {
		n, err := c.Read(block)
		if n > 0 {
			if _, err := c.Write(block[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// drain reads to the end and returns how much that was.
func drain(r io.Reader) (int64, error) { return Copy(io.Discard, r) }

// Copy copies in large blocks, always by reading and writing, and returns how many bytes that were.
func Copy(dst io.Writer, src io.Reader) (int64, error) {
	// The wrappers hide other ways of copying, with blocks of other sizes.
	return io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, blockSize))
}

// closeWrite ends our side of a connection.
func closeWrite(c net.Conn) error {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok {
		return errors.New("connection cannot be closed one way")
	}
	return half.CloseWrite()
}

// Wait returns when the far end answers, trying again in short intervals while it does not; the error is the last try's
// when ctx ends first.
func Wait(ctx context.Context, dial Dial) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := Echo(ctx, dial, 1, time.Second)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", err)
		case <-tick.C:
		}
	}
}
