package statefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/wherry-app/wherry/vmhost"
)

// A Reader reads a state. What is wrong with the file is vmhost.ErrStateDamaged; a byte that was read is as it was
// written, and io.EOF comes only at the end of a whole file.
type Reader struct {
	file  *os.File
	sum   uint32
	buf   []byte
	chunk []byte // read and checked, but not handed out
	ended bool
}

var _ io.WriterTo = (*Reader)(nil)

// Open opens the file at path and decodes its header.
func Open(path string, header any) (r *Reader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r = &Reader{file: f, buf: make([]byte, chunkSize)}
	if err := r.begin(header); err != nil {
		_ = f.Close()
		return nil, err
	}
	return r, nil
}

// begin reads what comes before the state.
func (r *Reader) begin(header any) error {
	var start [len(magic)]byte
	if _, err := io.ReadFull(r.file, start[:]); err != nil {
		return damaged(err)
	}
	if string(start[:]) != magic && strings.HasPrefix(string(start[:]), family) {
		return fmt.Errorf("%w: it was saved by another version of Wherry", vmhost.ErrStateMismatch)
	}
	if string(start[:]) != magic {
		return damaged(errors.New("unknown format"))
	}
	if err := r.next(); err != nil {
		return damaged(err)
	}
	if err := json.Unmarshal(r.chunk, header); err != nil {
		return damaged(err)
	}
	r.chunk = nil
	return nil
}

// next reads and checks the next chunk. io.EOF means that there is none.
func (r *Reader) next() error {
	if r.ended {
		return io.EOF
	}
	var head chunkHead
	if _, err := io.ReadFull(r.file, head[:]); err != nil {
		return damaged(err)
	}
	if head.length() > chunkSize {
		return damaged(fmt.Errorf("chunk of %d bytes", head.length()))
	}
	chunk := r.buf[:head.length()]
	if _, err := io.ReadFull(r.file, chunk); err != nil {
		return damaged(err)
	}
	if r.sum = add(r.sum, chunk); r.sum != head.sum() {
		return damaged(errors.New("wrong checksum"))
	}
	if len(chunk) == 0 {
		r.ended = true
		return io.EOF
	}
	r.chunk = chunk
	return nil
}

// WriteTo writes what is left of the state to dst. An error of dst is returned as it is.
func (r *Reader) WriteTo(dst io.Writer) (n int64, err error) {
	for {
		if len(r.chunk) == 0 {
			if err := r.next(); errors.Is(err, io.EOF) && r.ended {
				return n, nil
			} else if err != nil {
				return n, err
			}
		}
		m, err := dst.Write(r.chunk)
		n, r.chunk = n+int64(m), r.chunk[m:]
		if err != nil {
			return n, err
		}
	}
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// damaged says that the file is. Its cause is not wrapped: an end that comes too early must not pass for the end.
func damaged(cause error) error { return fmt.Errorf("%w: %v", vmhost.ErrStateDamaged, cause) }
