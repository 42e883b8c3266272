package qemu

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// redialEvery is how often a socket is tried that cannot be connected to yet.
const redialEvery = 5 * time.Millisecond

// dial connects to a socket of QEMU, again and again as long as the error is one that again says passes, until ctx ends.
func dial(ctx context.Context, path string, again func(error) bool) (net.Conn, error) {
	ticker := time.NewTicker(redialEvery)
	defer ticker.Stop()
	for {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "unix", path)
		if err == nil || !again(err) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}

// busy is the error of a socket whose last client QEMU has not got round to yet.
func busy(err error) bool { return errors.Is(err, syscall.EAGAIN) }

// dialMonitor connects to QMP's socket: at once where QEMU has inherited it, else as soon as QEMU listens there, unless
// it ends before.
func (r *running) dialMonitor(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if r.process.Wait(ctx) == nil {
			cancel()
		}
	}()
	defer func() {
		cancel()
		<-watched
	}()
	return dial(ctx, r.files.monitor, func(error) bool { return true })
}
