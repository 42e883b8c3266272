package dockersock

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

// responses is dockerd's end: reading it gives what the client is to get.
type responses struct {
	net.Conn
	*conversation
	r    *bufio.Reader
	out  []byte // to be read before r
	body body   // of the present response, to be read from r
	wait *exchange
	last *exchange
}

func (s *responses) Read(p []byte) (n int, err error) {
	defer func() {
		if err != nil {
			s.end()
		}
	}()
	for {
		if len(s.out) > 0 {
			n := copy(p, s.out)
			s.out = s.out[n:]
			return n, nil
		}
		if !s.body.ended() {
			return readBody(s.r, &s.body, p)
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
}

// CloseWrite ends what dockerd gets.
func (s *responses) CloseWrite() error { return pipe.CloseWrite(s.Conn) }

// Reset drops the stream to dockerd.
func (s *responses) Reset() error { pipe.Abort(s.Conn); return nil }

// next reads the head of the next response.
func (s *responses) next() error {
	if s.last != nil { // what was read before is written, else nobody would read more
		close(s.last.done)
		s.last = nil
	}
	if _, err := s.r.Peek(1); err != nil {
		return err
	}
	e := s.wait
	if s.wait = nil; e == nil {
		select {
		case e = <-s.asked:
		default: // unasked
			s.body = body{left: endless}
			return nil
		}
	}
	if e.request == nil {
		s.note(nil, 0)
		return s.answer(e, body{left: endless}, true)
	}
	head, err := readHead(s.r)
	if err != nil && !errors.Is(err, errLongHead) && err != io.ErrUnexpectedEOF {
		return err
	}
	var res *http.Response
	if err == nil {
		res, err = http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(head), len(head)), e.request)
	}
	if err != nil {
		return s.answer(e, body{left: endless}, true)
	}
	s.out = append([]byte(nil), head...)
	_, _ = s.r.Discard(len(head)) // is buffered
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		s.note(e.request, res.StatusCode)
		return s.answer(e, body{left: endless}, true)
	case res.StatusCode < 200:
		s.wait = e // the response follows
		return nil
	}
	status := res.StatusCode
	follows := newBody(res.ContentLength, res.TransferEncoding)
	if e.request.Method == http.MethodHead {
		follows = body{}
	}
	if e.container != "" && res.StatusCode == http.StatusNoContent && s.started != nil {
		if err := s.started(s.ctx, e.container); err != nil {
			s.out, status = refusal(err), codeOf(err)
		}
	}
	if e.container != "" && res.StatusCode >= http.StatusBadRequest && s.refused != nil && res.ContentLength > 0 && res.ContentLength <= refusalMax {
		if err := s.reword(e.container, res, &follows); err != nil {
			return err
		}
	}
	s.note(e.request, status)
	return s.answer(e, follows, follows.left == endless)
}

// answer says what follows of a response.
func (s *responses) answer(e *exchange, b body, raw bool) error {
	s.body, s.last, e.raw = b, e, raw
	close(e.answered)
	return nil
}

// refusalMax is the longest of dockerd's errors that is looked at.
const refusalMax = 64 << 10

// reword reads dockerd's error, which is follows, and puts what the client is told behind the head in s.out.
func (s *responses) reword(container string, res *http.Response, follows *body) error {
	text := make([]byte, 0, res.ContentLength)
	for buf := make([]byte, 4<<10); !follows.ended(); {
		n, err := readBody(s.r, follows, buf)
		text = append(text, buf[:n]...)
		if err != nil {
			return err
		}
	}
	var said struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(text, &said); err == nil && said.Message != "" {
		if now := s.refused(s.ctx, container, said.Message); now != said.Message {
			s.out = refusal(&statusError{errors.New(now), res.StatusCode})
			return nil
		}
	}
	s.out = append(s.out, text...)
	return nil
}

// statusError is an error that is answered with a status.
type statusError struct {
	error
	code int
}

// StatusCode is the status.
func (e *statusError) StatusCode() int { return e.code }
