package dockersock

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

// requests is the client's end: reading it gives what dockerd is to get.
type requests struct {
	net.Conn
	*conversation
	r    *bufio.Reader
	out  []byte // to be read before r
	body body   // of the present request, to be read from r
	last *exchange
}

// Read returns io.EOF when the client ends its side, wherever that is: dockerd shall judge.
func (q *requests) Read(p []byte) (int, error) {
	for {
		if len(q.out) > 0 {
			n := copy(p, q.out)
			q.out = q.out[n:]
			return n, nil
		}
		if !q.body.ended() {
			return readBody(q.r, &q.body, p)
		}
		if err := q.next(); err != nil {
			return 0, err
		}
	}
}

// CloseWrite ends what the client gets.
func (q *requests) CloseWrite() error { return pipe.CloseWrite(q.Conn) }

// Reset drops the connection, such that the client sees a failure where that can be shown.
func (q *requests) Reset() error { pipe.Abort(q.Conn); return nil }

// next reads the head of the next request, once it is known that there is one: the client may wait for the response to the
// last request, and what that was decides what follows.
func (q *requests) next() error {
	if _, err := q.r.Peek(1); err != nil {
		return err
	}
	if q.last != nil {
		select {
		case <-q.last.answered:
		case <-q.ended:
			return net.ErrClosed
		}
		if q.last.raw {
			q.body = body{left: endless}
			return nil
		}
	}
	head, err := readHead(q.r)
	if err != nil && !errors.Is(err, errLongHead) && err != io.ErrUnexpectedEOF {
		return err
	}
	var req *http.Request
	if err == nil {
		req, err = http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(head), len(head)))
	}
	if err != nil || req.ProtoMajor != 1 {
		q.body = body{left: endless}
		return q.ask(&exchange{})
	}
	if q.last != nil && q.heard != nil {
		q.heard(req)
	}
	if edit := q.edits.edit(req); edit != nil {
		return q.inspect(req, head, edit)
	}
	q.pass(req, head, rebuilt(q.edits.build, req, head))
	return q.ask(&exchange{request: req, container: starts(req)})
}

// pass lets a request go to dockerd as it came, but for its head.
func (q *requests) pass(req *http.Request, head, now []byte) {
	q.out = append([]byte(nil), now...)
	q.body = newBody(req.ContentLength, req.TransferEncoding)
	_, _ = q.r.Discard(len(head)) // is buffered
}

// ask says that a request is on its way.
func (q *requests) ask(e *exchange) error {
	e.answered, e.done = make(chan struct{}), make(chan struct{})
	q.last = e
	select {
	case q.asked <- e:
		return nil
	case <-q.ended:
		return net.ErrClosed
	}
}

// createMax is the longest body of a request that is looked at.
const createMax = 16 << 20

// inspect has a request's body looked at, and passes it on or answers it.
func (q *requests) inspect(req *http.Request, head []byte, edit Edit) error {
	if q.last != nil {
		select {
		case <-q.last.done: // from here on nothing comes from dockerd, and we may talk to the client
		case <-q.ended:
			return net.ErrClosed
		}
	}
	if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
		if _, err := io.WriteString(q.Conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return err
		}
		req.Header.Del("Expect")
	}
	b := newBody(req.ContentLength, req.TransferEncoding)
	message := bytes.NewBuffer(append([]byte(nil), head...))
	_, _ = q.r.Discard(len(head)) // is buffered
	buf := make([]byte, 16<<10)
	for !b.ended() {
		n, err := readBody(q.r, &b, buf)
		message.Write(buf[:n])
		if err == nil && message.Len() > createMax {
			err = errors.New("request is too long to be looked at")
		}
		if err != nil {
			return err
		}
	}
	whole, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(message.Bytes())))
	if err != nil {
		return err
	}
	was, err := io.ReadAll(whole.Body)
	if err != nil {
		return err
	}
	now, err := edit(q.ctx, was)
	if err != nil {
		q.note(req, codeOf(err))
		_, err = q.Conn.Write(refusal(err))
		return err
	}
	if bytes.Equal(was, now) && req.Header.Get("Expect") == whole.Header.Get("Expect") {
		q.out = message.Bytes()
	} else {
		q.out = encode(req, now)
	}
	return q.ask(&exchange{request: req})
}

// encode is a request with another body.
func encode(req *http.Request, content []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", req.Method, req.RequestURI, req.Host)
	req.Header.Set("Content-Length", fmt.Sprint(len(content)))
	_ = req.Header.Write(&b) // to memory
	b.WriteString("\r\n")
	b.Write(content)
	return b.Bytes()
}
