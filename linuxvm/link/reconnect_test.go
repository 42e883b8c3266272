package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// garbage is what an old session leaves: the middle of messages, headers that promise more than comes, zeros.
func garbage() map[string][]byte {
	header := func(typ, flags byte, length uint32) []byte {
		return []byte{0, typ, 0, flags, 0, 0, 0, 7, byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length)}
	}
	whole := append(header(0, 1, 5000), make([]byte, 5000)...)
	return map[string][]byte{
		"nothing":               nil,
		"noise":                 random(70_000),
		"zeros":                 make([]byte, 30_000),
		"whole messages":        bytes.Repeat(whole, 5),
		"half a message":        append(header(0, 1, 65_000), make([]byte, 100)...),
		"most of a header":      header(0, 1, 0)[:11],
		"some of a header":      header(0, 1, 0)[:5],
		"an enormous message":   header(0, 1, 1<<31),
		"half a handshake":      []byte("\xf7WHRY\xf7L1h0123"),
		"a handshake's magic":   bytes.Repeat([]byte("\xf7WHRY\xf7L1"), 20),
		"another's handshake":   []byte("\xf7WHRY\xf7L1a0123456789abcdef00000000"),
		"window update, no end": append(header(1, 0, 1<<20), header(1, 0, 9)[:7]...),
	}
}

func TestStaleBytesAreSkipped(t *testing.T) {
	for name, b := range garbage() {
		t.Run(name, func(t *testing.T) {
			w := newWire()
			w.stuff(b, b)
			client := start(t, w.openHost, w.openGuest)
			ping(t, dial(t, client, portEcho))
		})
	}
}

// The host is killed again and again while data flows both ways, at any point of a message; in blind runs the guest's
// old session does not even notice and has to be talked out of the middle of a message.
func TestReconnect(t *testing.T) {
	for name, blind := range map[string]bool{"noticed": false, "blind": true} {
		t.Run(name, func(t *testing.T) {
			w := newWire()
			w.blind = blind
			client := start(t, w.openHost, w.openGuest)
			for i := range 20 {
				up, down := dial(t, client, portDrain), dial(t, client, portSource)
				sent := make(chan error, 1)
				go func() {
					for {
						if _, err := up.Write(make([]byte, 50_001+i)); err != nil {
							sent <- err
							return
						}
					}
				}()
				if _, err := io.CopyN(io.Discard, down, int64(300_000+7919*i)); err != nil {
					t.Fatal(err)
				}
				w.cut()
				if err := <-sent; !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("write on a broken link = %v; want ECONNRESET", err)
				}
				if _, err := io.Copy(io.Discard, down); !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("read on a broken link = %v; want ECONNRESET", err)
				}
				ping(t, dial(t, client, portEcho))
			}
		})
	}
}

// A host is killed in the middle of writing a message; the guest never learns, and the next host begins to talk.
func TestOldSessionInTheMiddleOfAMessage(t *testing.T) {
	for name, b := range garbage() {
		t.Run(name, func(t *testing.T) {
			w := newWire()
			w.blind = true
			client := start(t, w.openHost, w.openGuest)
			ping(t, dial(t, client, portEcho))
			states, cancel := client.Watch()
			defer cancel()
			session := (<-states).Session
			w.cut()
			w.stuff(b, b) // what the old host wrote last, and what the guest still answers
			for s := range states {
				if s.Up && s.Session > session {
					break
				}
			}
			ping(t, dial(t, client, portEcho))
		})
	}
}

// The guest alone starts over, as a restarted agent does; the host has to notice.
func TestGuestStartsOver(t *testing.T) {
	client, w := startWire(t)
	for range 5 {
		conn := dial(t, client, portEcho)
		ping(t, conn)
		w.mu.Lock()
		g := w.guest
		w.mu.Unlock()
		g.Close()
		if _, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("read = %v; want ECONNRESET", err)
		}
		ping(t, dial(t, client, portEcho))
	}
}

func TestWatch(t *testing.T) {
	client, w := startWire(t)
	states, cancel := client.Watch()
	defer cancel()
	var s link.State
	for s = range states {
		if s.Up {
			break
		}
	}
	first := s.Session
	w.cut()
	for s = range states {
		if s.Up && s.Session > first {
			break
		}
	}
	if got := client.State(); got != s || got.Session != first+1 {
		t.Errorf("State = %+v after %+v; want session %d", got, s, first+1)
	}
}

func TestHandlersContextEndsWithTheSession(t *testing.T) {
	w := newWire()
	began, ended := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	client := link.NewClient(link.Config{Open: w.openHost})
	run, served := make(chan error, 1), make(chan error, 1)
	go func() { run <- client.Run(ctx) }()
	go func() {
		served <- link.Serve(ctx, link.ServeConfig{Open: w.openGuest, Handlers: map[link.Port]func(context.Context, link.Conn){
			portStall: func(ctx context.Context, _ link.Conn) { close(began); <-ctx.Done(); close(ended) },
		}})
	}()
	dial(t, client, portStall)
	<-began
	w.cut()
	<-ended
	cancel()
	if err := errors.Join(<-run, <-served); err != nil {
		t.Error(err)
	}
}
