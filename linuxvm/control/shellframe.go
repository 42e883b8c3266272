package control

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	shellHeaderLen  = 3
	shellPayloadMax = 1<<16 - 1
	// shellLineMax bounds the line of JSON at the beginning of a shell stream.
	shellLineMax = 1 << 20
)

// ShellFrame is one of the host's frames on a TTY shell.
type ShellFrame struct {
	// Kind is ShellFrameData, ShellFrameResize, or one that a newer host knows, to be ignored.
	Kind byte
	// Payload of a data frame is input.
	Payload []byte
	// Cols and Rows are set in a resize frame.
	Cols, Rows uint16
}

// ErrShortFrame says that a frame is not complete yet.
var ErrShortFrame = errors.New("incomplete frame")

// DecodeShellFrame takes the first frame off b and returns what follows it. The payload is part of b. The error is
// ErrShortFrame when b ends within the frame, and another when the stream makes no sense.
func DecodeShellFrame(b []byte) (f ShellFrame, rest []byte, err error) {
	if len(b) < shellHeaderLen {
		return ShellFrame{}, b, ErrShortFrame
	}
	end := shellHeaderLen + int(binary.BigEndian.Uint16(b[1:]))
	if len(b) < end {
		return ShellFrame{}, b, ErrShortFrame
	}
	f = ShellFrame{Kind: b[0], Payload: b[shellHeaderLen:end:end]}
	if f.Kind == ShellFrameResize {
		if len(f.Payload) != 4 {
			return ShellFrame{}, b, fmt.Errorf("resize frame has %d bytes, not 4", len(f.Payload))
		}
		f.Cols, f.Rows = binary.BigEndian.Uint16(f.Payload), binary.BigEndian.Uint16(f.Payload[2:])
	}
	return f, b[end:], nil
}

// ReadShellFrames reads the host's frames from r and hands each to f, whose frame is valid only during the call, until r
// ends or f fails. An end between two frames is nil.
func ReadShellFrames(r io.Reader, f func(ShellFrame) error) error {
	buf := make([]byte, 0, shellHeaderLen+shellPayloadMax)
	for {
		n, rerr := r.Read(buf[len(buf):cap(buf)])
		rest := buf[:len(buf)+n]
		for {
			frame, after, err := DecodeShellFrame(rest)
			if errors.Is(err, ErrShortFrame) {
				break
			}
			if err != nil {
				return err
			}
			if err := f(frame); err != nil {
				return err
			}
			rest = after
		}
		buf = buf[:copy(buf[:cap(buf)], rest)]
		switch {
		case rerr == io.EOF && len(buf) == 0:
			return nil
		case rerr == io.EOF:
			return fmt.Errorf("read shell frame: %w", io.ErrUnexpectedEOF)
		case rerr != nil:
			return rerr
		}
	}
}

// appendShellData adds data frames with p to b.
func appendShellData(b, p []byte) []byte {
	for len(p) > 0 {
		n := min(len(p), shellPayloadMax)
		b = append(b, ShellFrameData, byte(n>>8), byte(n))
		b = append(b, p[:n]...)
		p = p[n:]
	}
	return b
}

// appendShellResize adds a resize frame to b.
func appendShellResize(b []byte, cols, rows uint16) []byte {
	b = append(b, ShellFrameResize, 0, 4)
	b = binary.BigEndian.AppendUint16(b, cols)
	return binary.BigEndian.AppendUint16(b, rows)
}

// ReadShellRequest reads the first line of a shell stream in the guest; what follows it stays in r.
func ReadShellRequest(r *bufio.Reader) (ShellRequest, error) {
	var req ShellRequest
	err := readLine(r, &req)
	return req, err
}

// WriteShellReply answers a ShellRequest.
func WriteShellReply(w io.Writer, reply ShellReply) error { return writeLine(w, reply) }

// readLine reads a line of JSON.
func readLine(r *bufio.Reader, v any) error {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > shellLineMax:
			return fmt.Errorf("read line: longer than %d bytes", shellLineMax)
		case err == nil:
			if err := json.Unmarshal(line, v); err != nil {
				return fmt.Errorf("read line: %w", err)
			}
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read line: %w", err)
		}
	}
}

// writeLine writes v as a line of JSON, in one write.
func writeLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	return nil
}
