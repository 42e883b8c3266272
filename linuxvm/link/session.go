package link

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/libp2p/go-yamux/v5"
)

// window is what a peer may send on a stream before it is read: all that a stalled reader costs, but for some 25 bytes
// for each message. yamux knows no smaller one, and a larger one bought nothing, neither in one process nor into a VM.
const window = 256 << 10

// The host waits while so many of its streams are not accepted yet. The guest, which accepts at once, could hold more:
// past that it would reset them, and streams that were reset before they were accepted still count there.
const (
	hostBacklog  = 256
	guestBacklog = 4096
)

// openVersion begins each stream, before the port: the version of what follows.
const openVersion = 1

// openLen is the length of what begins each stream: version, and port in big-endian.
const openLen = 3

// session is one life of the link: it begins with a handshake and ends when the byte stream breaks.
type session struct {
	mux *yamux.Session

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup // of what after runs
}

// newSession starts a session on a transport behind the handshake, and takes the transport over.
func newSession(t *transport, host bool, log hclog.Logger) (*session, error) {
	cfg := yamux.DefaultConfig()
	cfg.MaxIncomingStreams = math.MaxUint32
	cfg.EnableKeepAlive = false
	cfg.MeasureRTTInterval = 365 * 24 * time.Hour // only of use for windows that grow
	cfg.InitialStreamWindowSize = window
	cfg.MaxStreamWindowSize = window
	cfg.MaxMessageSize = sendMessage
	cfg.ReadBufSize = 0 // the transport has one
	cfg.LogOutput = log.StandardWriter(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug})
	start := yamux.Server
	cfg.AcceptBacklog = guestBacklog
	if host {
		start = yamux.Client
		cfg.AcceptBacklog = hostBacklog
	}
	mux, err := start(t, cfg, nil)
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("start session: %w", err)
	}
	return &session{mux: mux}, nil
}

// open opens a stream to a port, without waiting for the peer to say anything.
func (s *session) open(ctx context.Context, p Port) (Conn, error) {
	type result struct {
		stream *yamux.Stream
		err    error
	}
	opened := make(chan result, 1)
	go func() {
		// Given a context that ends, yamux would forget the stream half open.
		st, err := s.mux.OpenStream(context.Background())
		if err == nil {
			_, err = st.Write(appendOpen(nil, p))
		}
		opened <- result{st, err}
	}()
	select {
	case r := <-opened:
		if r.err != nil {
			return nil, r.err
		}
		return newStream(r.stream, p, s.after), nil
	case <-ctx.Done():
		s.after(func() {
			if r := <-opened; r.err == nil {
				_ = r.stream.Reset()
			}
		})
		return nil, ctx.Err()
	}
}

// serve hands each stream that the peer opens to handle, in a goroutine of its own, until the session ends; it returns
// why it did. Streams to ports that handle does not know (false) are reset.
func (s *session) serve(handle func(Port) (func(Conn), bool), wg *sync.WaitGroup) error {
	for {
		st, err := s.mux.AcceptStream()
		if err != nil {
			return err
		}
		wg.Go(func() {
			p, err := readOpen(st)
			f, ok := handle(p)
			if err != nil || !ok {
				_ = st.Reset()
				return
			}
			f(newStream(st, p, s.after))
		})
	}
}

// after runs what the end of a call leaves to be done on a stream; on a closed session there is nothing.
func (s *session) after(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wg.Go(f)
	}
}

// close ends the session and its streams, and waits until nothing of it runs.
func (s *session) close() {
	_ = s.mux.Close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
}

// appendOpen adds what begins a stream to port p.
func appendOpen(b []byte, p Port) []byte {
	return binary.BigEndian.AppendUint16(append(b, openVersion), uint16(p))
}

// readOpen reads what begins a stream.
func readOpen(r io.Reader) (Port, error) {
	var b [openLen]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, fmt.Errorf("read port: %w", err)
	}
	if b[0] != openVersion {
		return 0, fmt.Errorf("read port: version %d is unknown", b[0])
	}
	return Port(binary.BigEndian.Uint16(b[1:])), nil
}

// why is the cause of a session's end, nil for one that the peer's leaving or our own closing ended in order.
func why(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, yamux.ErrSessionShutdown) {
		return nil
	}
	return err
}
