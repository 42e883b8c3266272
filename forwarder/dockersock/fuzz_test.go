package dockersock

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
)

// FuzzRequests: whatever a client sends reaches dockerd byte by byte, however it is cut up, as long as nothing looks at it.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{
		"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\nGET /x HTTP/1.1\r\nHost: d\r\n\r\n",
		"POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabcPOST /containers/x/start HTTP/1.0\n\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00", "nonsense", "\r\n\r\n", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		for name, cut := range map[string]func(io.Reader) io.Reader{"whole": whole, "bytes": iotest.OneByteReader} {
			c := &conversation{ctx: context.Background(), ended: make(chan struct{}), asked: make(chan *exchange, 1)}
			q := &requests{conversation: c, r: bufio.NewReaderSize(cut(bytes.NewReader(sent)), headMax)}
			stop := make(chan struct{})
			go func() { // dockerd, which answers everything and upgrades nothing
				for {
					select {
					case e := <-c.asked:
						e.raw = e.request == nil
						close(e.answered)
						close(e.done)
					case <-stop:
						return
					}
				}
			}()
			got, err := io.ReadAll(q)
			close(stop)
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("%s: dockerd got %q, %v; want %q", name, got, err, sent)
			}
		}
	})
}

func whole(r io.Reader) io.Reader { return r }

// FuzzResponses: the same for what dockerd says, whatever was asked.
func FuzzResponses(f *testing.F) {
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), false)
	f.Add([]byte("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\nraw"), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), true)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest"), false)
	f.Add([]byte("garbage"), true)
	f.Fuzz(func(t *testing.T, sent []byte, head bool) {
		method := http.MethodPost
		if head {
			method = http.MethodHead
		}
		for name, cut := range map[string]func(io.Reader) io.Reader{"whole": whole, "bytes": iotest.OneByteReader} {
			c := &conversation{ctx: context.Background(), ended: make(chan struct{}), asked: make(chan *exchange, 2)}
			for range 2 {
				c.asked <- &exchange{request: &http.Request{Method: method}, answered: make(chan struct{}), done: make(chan struct{})}
			}
			got, err := io.ReadAll(&responses{conversation: c, r: bufio.NewReaderSize(cut(bytes.NewReader(sent)), headMax)})
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("%s: client got %q, %v; want %q", name, got, err, sent)
			}
		}
	})
}

// FuzzBody: bodies end where net/http says they do.
func FuzzBody(f *testing.F) {
	for _, s := range []string{"0\r\n\r\nrest", "3\r\nabc\r\n0\r\nA: b\r\n\r\nrest", "A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", "1\nx\n0\n\n"} {
		f.Add([]byte(s))
	}
	head := []byte("POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n")
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := bufio.NewReader(bytes.NewReader(append(head[:len(head):len(head)], sent...)))
		req, err := http.ReadRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return // malformed, or cut off: then all of it passes as it is
		}
		rest, _ := io.ReadAll(r)
		b := body{chunked: true}
		n, err := b.take(sent)
		if err != nil || !b.ended() || len(sent)-n != len(rest) {
			t.Errorf("ends at %d (%v, %v), net/http at %d: %q", n, b.ended(), err, len(sent)-len(rest), sent)
		}
	})
}
