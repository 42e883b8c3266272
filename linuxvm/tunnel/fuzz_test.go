package tunnel

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzRequest: what is read as a request is what would be written for it.
func FuzzRequest(f *testing.F) {
	f.Add([]byte{1, 1, 0, 12, '1', '0', '.', '0', '.', '0', '.', '1', ':', '8', '0', '8'})
	f.Add([]byte{1, 2, 0, 0})
	f.Add([]byte{1, 3, 0, 0})
	f.Add([]byte{2, 1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		req, err := readRequest(bytes.NewReader(in))
		if err != nil {
			return
		}
		if enc, err := req.append(nil); err != nil || !bytes.HasPrefix(in, enc) {
			t.Fatalf("% x read as %+v, which is % x, %v", in, req, enc, err)
		}
	})
}

// FuzzReply: no answer is mistaken for success.
func FuzzReply(f *testing.F) {
	f.Add(appendReply(nil, nil))
	f.Add(appendReply(nil, ErrRefused))
	f.Add([]byte{9, 0, 2, 'n', 'o'})
	f.Add([]byte{1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		if readReply(bytes.NewReader(in)) == nil && (len(in) < 3 || in[0] != 0) {
			t.Fatalf("% x is taken for success", in)
		}
	})
}

// FuzzDatagrams: any stream is a sequence of datagrams and at most one that is cut off.
func FuzzDatagrams(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0, 0, 2, 'b', 'c'})
	f.Add([]byte{0xff})
	f.Add(append([]byte{0x20, 0}, make([]byte, 9000)...))
	f.Fuzz(func(t *testing.T, in []byte) {
		c := newPacketConn(byteConn{bytes.NewReader(in)})
		buf := make([]byte, 1<<16)
		var again []byte
		for {
			n, err := c.Read(buf)
			if err == nil {
				again = appendDatagram(again, buf[:n])
				continue
			}
			if !bytes.HasPrefix(in, again) || (err == io.EOF) != (len(in) == len(again)) {
				t.Fatalf("% x read as % x, then %v", in, again, err)
			}
			return
		}
	})
}

// byteConn is a link.Conn that gives some bytes.
type byteConn struct{ io.Reader }

func (byteConn) Write(p []byte) (int, error)      { return len(p), nil }
func (byteConn) Close() error                     { return nil }
func (byteConn) CloseWrite() error                { return nil }
func (byteConn) Reset() error                     { return nil }
func (byteConn) LocalAddr() net.Addr              { return nil }
func (byteConn) RemoteAddr() net.Addr             { return nil }
func (byteConn) SetDeadline(time.Time) error      { return nil }
func (byteConn) SetReadDeadline(time.Time) error  { return nil }
func (byteConn) SetWriteDeadline(time.Time) error { return nil }
