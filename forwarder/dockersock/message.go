package dockersock

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
)

// headMax is the longest head of a message that is looked at; it is the size of the readers' buffers, too, and less than
// what pipe reads at once, so that bodies are not copied twice.
const headMax = 60 << 10

// errLongHead is returned for a head that does not end within headMax bytes.
var errLongHead = errors.New("head of message is too long")

// readHead returns the head of the message that begins in r, up to and including its empty line, without consuming it. It
// is valid until the next read. At the end of r, with nothing before it, the error is io.EOF.
func readHead(r *bufio.Reader) ([]byte, error) {
	for have := 0; ; {
		b, err := r.Peek(have + 1)
		if err == nil {
			b, err = r.Peek(r.Buffered())
		}
		from := max(0, have-2) // what was looked at before, but for what may have begun the end
		if n := headLen(b[from:]); n > 0 {
			return b[:from+n], nil
		}
		switch {
		case err == io.EOF && len(b) > 0:
			return nil, io.ErrUnexpectedEOF
		case errors.Is(err, bufio.ErrBufferFull) || len(b) == r.Size():
			return nil, errLongHead
		case err != nil:
			return nil, err
		}
		have = len(b)
	}
}

// headLen is the length of a head at the beginning of b, 0 if it does not end there. As net/http does, it takes a bare
// newline for the end of a line.
func headLen(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch rest := b[at:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return at + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return at + 2
		}
	}
}

// A body finds the end of a message's body in the bytes that go by. Its zero value is a body that has ended.
type body struct {
	left    uint64 // of the body, or of the present chunk with its end of line
	chunked bool
	state   chunkState
	line    int // length of the present line, so far
	digits  int // of the present chunk's size
}

// chunkState is where in a chunked body the next byte is.
type chunkState int

const (
	inSize      chunkState = iota // a chunk's size
	inExtension                   // the rest of that line
	inData                        // left bytes
	inTrailer                     // lines up to an empty one
)

// endless is a body that ends with its stream.
const endless = math.MaxUint64

// lineMax bounds the lines between chunks.
const lineMax = 4 << 10

var errChunk = errors.New("malformed chunk")

// newBody is the body that net/http says follows a head; length is -1 where it ends with its stream.
func newBody(length int64, encoding []string) body {
	switch {
	case len(encoding) > 0: // net/http knows but "chunked"
		return body{chunked: true}
	case length < 0:
		return body{left: endless}
	}
	return body{left: uint64(length)}
}

// ended tells whether nothing of the body follows.
func (b *body) ended() bool { return !b.chunked && b.left == 0 }

// take returns how many of the bytes of p, which come next, belong to the body.
func (b *body) take(p []byte) (int, error) {
	if !b.chunked {
		n := len(p)
		if b.left != endless {
			n = int(min(b.left, uint64(n)))
			b.left -= uint64(n)
		}
		return n, nil
	}
	for at := 0; at < len(p); {
		if b.state == inData {
			n := int(min(b.left, uint64(len(p)-at)))
			b.left -= uint64(n)
			at += n
			if b.left == 0 {
				b.state, b.line, b.digits = inSize, 0, 0
			}
			continue
		}
		if err := b.takeByte(p[at]); err != nil {
			return at, err
		}
		at++
		if !b.chunked {
			return at, nil
		}
	}
	return len(p), nil
}

// takeByte is take for one byte of a line.
func (b *body) takeByte(c byte) error {
	if b.line++; b.line > lineMax {
		return errChunk
	}
	switch {
	case c == '\n' && b.state == inTrailer:
		b.chunked = b.line > 1
		b.line = 0
	case c == '\n':
		return b.endSize()
	case c == '\r' && b.state == inTrailer:
		b.line-- // an empty line has at most this
	case b.state == inSize:
		return b.takeDigit(c)
	}
	return nil
}

// endSize is the end of the line with a chunk's size.
func (b *body) endSize() error {
	switch {
	case b.digits == 0:
		return errChunk
	case b.left == 0:
		b.state = inTrailer
	default:
		b.state = inData
		b.left += 2 // the end of line behind the data
	}
	b.line = 0
	return nil
}

func (b *body) takeDigit(c byte) error {
	var v byte
	switch {
	case '0' <= c && c <= '9':
		v = c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		v = c | 0x20 - 'a' + 10
	case c == ';' || c == '\r' || c == ' ' || c == '\t':
		b.state = inExtension
		return nil
	default:
		return errChunk
	}
	if b.digits++; b.digits > 15 {
		return errChunk
	}
	b.left = b.left<<4 | uint64(v)
	return nil
}

// readBody reads some of a body.
func readBody(r *bufio.Reader, b *body, p []byte) (int, error) {
	if !b.chunked {
		n, err := r.Read(p[:min(uint64(len(p)), b.left)])
		_, _ = b.take(p[:n])
		return n, err
	}
	if _, err := r.Peek(1); err != nil {
		return 0, err
	}
	have, _ := r.Peek(min(r.Buffered(), len(p)))
	n, err := b.take(have)
	if err != nil {
		*b = body{left: endless} // whoever gets it shall judge
		n = len(have)
	}
	copy(p, have[:n])
	_, _ = r.Discard(n)
	return n, nil
}
