package load_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
)

// serve runs the far end for the length of the test.
func serve(t *testing.T) load.Dial {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := load.Serve(ctx, l); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return load.TCP(l.Addr().String())
}

// counted counts the bytes of all connections that it opens.
type counted struct {
	net.Conn
	read, wrote *int64
	mu          *sync.Mutex
}

func (c counted) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.read += int64(n)
	return n, err
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.wrote += int64(n)
	return n, err
}

func TestTransfersMoveTheAmount(t *testing.T) {
	const amount, streams = 1 << 20, 4
	var read, wrote int64
	var mu sync.Mutex
	plain := serve(t)
	dial := func(ctx context.Context) (net.Conn, error) {
		c, err := plain(ctx)
		return counted{c, &read, &wrote, &mu}, err
	}
	rate, err := load.Upload(t.Context(), dial, streams, load.Amount{Bytes: amount})
	if err != nil || rate <= 0 || wrote != amount+streams || read != 8*streams {
		t.Errorf("up: %g bytes/s, wrote %d, read %d, %v", rate, wrote, read, err)
	}
	read, wrote = 0, 0
	rate, err = load.Download(t.Context(), dial, streams, load.Amount{Bytes: amount})
	if err != nil || rate <= 0 || read != amount || wrote != 9*streams {
		t.Errorf("down: %g bytes/s, wrote %d, read %d, %v", rate, wrote, read, err)
	}
}

func TestTransfersEndInTime(t *testing.T) {
	dial := serve(t)
	for name, f := range map[string]func(context.Context, load.Dial, int, load.Amount) (float64, error){"up": load.Upload, "down": load.Download} {
		begun := time.Now()
		rate, err := f(t.Context(), dial, 2, load.Amount{Time: 50 * time.Millisecond})
		if took := time.Since(begun); err != nil || rate <= 0 || took < 50*time.Millisecond || took > 20*time.Second {
			t.Errorf("%s: %g bytes/s in %s, %v", name, rate, took, err)
		}
	}
}

func TestEchoCountsRounds(t *testing.T) {
	dial := serve(t)
	took, err := load.Echo(t.Context(), dial, 10, time.Minute)
	if err != nil || len(took) != 10 {
		t.Errorf("%v, %v", took, err)
	}
	took, err = load.Echo(t.Context(), dial, 1000, 0)
	if err != nil || len(took) != 1 {
		t.Errorf("without time: %d rounds, %v", len(took), err)
	}
}

func TestConnections(t *testing.T) {
	dial := serve(t)
	rate, err := load.Connections(t.Context(), dial, 4, 50*time.Millisecond)
	if err != nil || rate < 4 {
		t.Errorf("%g/s, %v", rate, err)
	}
	refused := func(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	if _, err := load.Connections(t.Context(), refused, 4, time.Minute); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refused: %v", err)
	}
}

func TestLostBytesAreAnError(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	go func() { // a far end that has seen nothing
		defer far.Close()
		buf := make([]byte, 1<<20)
		for {
			if n, err := far.Read(buf); err != nil || n == 1 && buf[0] == 'E' {
				break
			}
		}
		_, _ = far.Write(make([]byte, 8))
	}()
	dial := func(context.Context) (net.Conn, error) { return pipeEnd{near}, nil }
	if _, err := load.Upload(t.Context(), dial, 1, load.Amount{Bytes: 100}); err == nil {
		t.Error("100 lost bytes are no error")
	}
}

// pipeEnd tells the other end of a pipe by a byte that this side has ended.
type pipeEnd struct{ net.Conn }

func (p pipeEnd) CloseWrite() error {
	_, err := p.Conn.Write([]byte{'E'})
	return err
}

func TestMeasurementsEndWithTheirContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, but nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	dial := func(ctx context.Context) (net.Conn, error) {
		c, err := load.TCP(l.Addr().String())(ctx)
		time.AfterFunc(10*time.Millisecond, cancel)
		return c, err
	}
	if _, err := load.Echo(ctx, dial, 1, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("echo: %v", err)
	}
	if err := load.Wait(ctx, dial); err == nil {
		t.Error("nobody answered, and Wait did not mind")
	}
}

func TestDatagrams(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- load.ServePackets(ctx, c) }()
	rate, err := load.Datagrams(ctx, load.UDP(c.LocalAddr().String()), 4, 512, 100*time.Millisecond)
	if err != nil || rate <= 0 {
		t.Errorf("%v per second, %v", rate, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
