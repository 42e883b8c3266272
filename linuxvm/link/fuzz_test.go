package link

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzReadFrame finds a frame behind and before anything, and takes nothing else for one.
func FuzzReadFrame(f *testing.F) {
	hello := frame{kindHello, nonce([]byte("0123456789abcdef"))}
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte(frameMagic), []byte(frameMagic))
	f.Add(hello.append(nil)[:frameLen-1], make([]byte, 100))
	f.Add(bytes.Repeat([]byte{filler}, 100), hello.append(nil))
	f.Add(frame{kindReady, noNonce}.append(nil)[1:], []byte{0})
	f.Fuzz(func(t *testing.T, before, after []byte) {
		in := append(hello.append(bytes.Clone(before)), after...)
		r := bufio.NewReader(iotest.OneByteReader(bytes.NewReader(in)))
		found, consumed := false, 0
		for {
			got, err := readFrame(r)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				break
			}
			consumed += frameLen
			if enc := got.append(nil); !bytes.Contains(in, enc) || bytes.IndexByte(enc, 0) >= 0 {
				t.Fatalf("read %q, which is not in the input or holds a zero", enc)
			}
			found = found || got == hello
		}
		if !found || consumed > len(in) {
			t.Fatalf("found %v, %d of %d bytes", found, consumed, len(in))
		}
	})
}

// FuzzTransport reads messages off a stream that may be anything: what it lets through is small and whole.
func FuzzTransport(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 'h', 'i'})
	f.Add([]byte{0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0})
	f.Add([]byte(frameMagic + "w0000000000000000"))
	f.Fuzz(func(t *testing.T, in []byte) {
		tr := newTransport(readOnly{bytes.NewReader(in)})
		for total := 0; ; {
			var h [headerLen]byte
			if n, err := io.ReadFull(tr, h[:]); err != nil {
				return
			} else if !bytes.Equal(h[:], in[total:total+n]) {
				t.Fatal("header changed on its way")
			}
			total += headerLen
			if h[0] != 0 || h[1] > 3 {
				t.Fatalf("let header % x through", h)
			}
			if h[1] != 0 {
				continue
			}
			n := int(h[8])<<24 | int(h[9])<<16 | int(h[10])<<8 | int(h[11])
			if n > acceptMessage {
				t.Fatalf("let a message of %d bytes through", n)
			}
			m, err := io.CopyN(io.Discard, tr, int64(n))
			if total += int(m); err != nil {
				return
			}
		}
	})
}

// FuzzReadOpen agrees with appendOpen.
func FuzzReadOpen(f *testing.F) {
	f.Add([]byte{1, 0, 2})
	f.Add([]byte{2, 0, 2})
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := readOpen(bytes.NewReader(in))
		if err == nil && !bytes.HasPrefix(in, appendOpen(nil, p)) {
			t.Fatalf("read port %d from % x", p, in)
		}
		if err != nil && len(in) >= openLen && in[0] == openVersion {
			t.Fatalf("% x is refused: %v", in, err)
		}
	})
}

type readOnly struct{ io.Reader }

func (readOnly) Write(p []byte) (int, error) { return len(p), nil }
func (readOnly) Close() error                { return nil }
