package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/link"
)

func TestStalledReaderCostsKilobytesAndHoldsNobodyUp(t *testing.T) {
	client, _ := startWire(t)
	ping(t, dial(t, client, portEcho))
	const stalled = 8
	before := heap()
	for range stalled {
		conn := dial(t, client, portStall)
		_ = conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := conn.Write(make([]byte, 8<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || n > 512<<10 {
			t.Fatalf("wrote %d bytes to a stalled reader, %v; want at most 512 KiB and a timeout", n, err)
		}
	}
	cost := (heap() - before) / stalled
	t.Logf("a stalled reader costs %d KiB", cost>>10)
	if cost > 512<<10 {
		t.Errorf("a stalled reader costs %d KiB of heap; want at most 512", cost>>10)
	}
	for range 20 {
		conn := dial(t, client, portReply)
		want := random(1 << 20)
		go func() { _, _ = conn.Write(want); _ = conn.CloseWrite() }()
		if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("beside stalled streams: %d bytes, %v", len(got), err)
		}
	}
}

// A guest that takes nothing any more (it is paused, or hangs) must not hold up those who give up on it.
func TestStalledGuestHoldsNobodyUp(t *testing.T) {
	client, w := startWire(t)
	idle := dial(t, client, portEcho)
	ping(t, idle)
	w.stall(true)
	defer w.stall(false)
	var conns []link.Conn
	for { // until what is on its way to the guest fills everything
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		c, err := client.Dial(ctx, portDrain)
		if err == nil {
			conns = append(conns, c)
			_ = c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			_, err = c.Write(make([]byte, 100<<10))
		}
		cancel()
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) && len(conns) > 50 {
			break
		}
	}
	blocked := conns[len(conns)-1]
	_ = blocked.SetWriteDeadline(time.Time{})
	ended := make(chan error, 2)
	go func() { _, err := blocked.Write(make([]byte, 1<<20)); ended <- err }()
	go func() { ended <- idle.CloseWrite() }()
	begin := time.Now()
	for i, c := range conns {
		if i%2 == 0 {
			_ = c.Reset()
		} else {
			_ = c.Close()
		}
	}
	_ = blocked.Close()
	_ = idle.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("call that waits for the guest = %v after Close; want net.ErrClosed", err)
		}
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("giving up on %d streams took %v", len(conns), d)
	}
	w.stall(false)
	ping(t, dial(t, client, portEcho))
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
