package link_test

import (
	"io"
	"net"
	"testing"
)

// BenchmarkThroughput sends through the link, one stream, on TCP loopback; compare with BenchmarkPlainTCP.
func BenchmarkThroughput(b *testing.B) {
	client := startTCP(b)
	buf := make([]byte, 2*(32<<10-12))
	b.Run("up", func(b *testing.B) {
		conn := dial(b, client, portDrain)
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			if _, err := conn.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
		conn.Close()
	})
	b.Run("down", func(b *testing.B) {
		conn := dial(b, client, portSource)
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			if _, err := io.ReadFull(conn, buf); err != nil {
				b.Fatal(err)
			}
		}
		conn.Close()
	})
}

func BenchmarkPlainTCP(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(io.Discard, struct{ io.Reader }{c})
			c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 2*(32<<10-12))
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDial opens a stream, has a byte echoed, and closes it.
func BenchmarkDial(b *testing.B) {
	client := startTCP(b)
	buf := make([]byte, 1)
	for b.Loop() {
		conn, err := client.Dial(b.Context(), portEcho)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, buf); err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}

// BenchmarkEcho has a byte echoed on one stream.
func BenchmarkEcho(b *testing.B) {
	conn := dial(b, startTCP(b), portEcho)
	buf := make([]byte, 1)
	for b.Loop() {
		if _, err := conn.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, buf); err != nil {
			b.Fatal(err)
		}
	}
}
