package control

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
)

// FuzzShellFrames: the decoder gives back what was encoded, one byte at a time or all at once, and what it makes of
// anything else is no more than that.
func FuzzShellFrames(f *testing.F) {
	f.Add([]byte("ls\n"), uint16(80), uint16(24), []byte(nil))
	f.Add([]byte(nil), uint16(0), uint16(0), []byte{0, 0})
	f.Add(bytes.Repeat([]byte("x"), 70_000), uint16(1), uint16(1), []byte{1, 0, 3, 1, 2, 3})
	f.Add([]byte{1}, uint16(1), uint16(1), []byte{9, 0, 1, 7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, input []byte, cols, rows uint16, tail []byte) {
		in := append(appendShellResize(appendShellData(nil, input), cols, rows), tail...)
		read := func(r io.Reader) (data []byte, sizes int, first ShellFrame, err error) {
			err = ReadShellFrames(r, func(fr ShellFrame) error {
				switch {
				case fr.Kind == ShellFrameData && sizes == 0:
					data = append(data, fr.Payload...)
				case fr.Kind == ShellFrameResize:
					if sizes++; sizes == 1 {
						first = fr
					}
				}
				return nil
			})
			return data, sizes, first, err
		}
		data, sizes, first, err := read(bytes.NewReader(in))
		if !bytes.Equal(data, input) || sizes == 0 || first.Cols != cols || first.Rows != rows {
			t.Fatalf("%d bytes of input, size %dx%d; want %d, %dx%d", len(data), first.Cols, first.Rows, len(input), cols, rows)
		}
		if len(tail) == 0 && err != nil {
			t.Fatalf("error %v at the end", err)
		}
		if len(in) < 10_000 {
			data2, sizes2, _, err2 := read(iotest.OneByteReader(bytes.NewReader(in)))
			if !bytes.Equal(data2, data) || sizes2 != sizes || (err2 == nil) != (err == nil) {
				t.Fatalf("byte by byte: %d bytes, %v; at once: %d, %v", len(data2), err2, len(data), err)
			}
		}
	})
}

// FuzzShellRequest: a first line is decoded or refused, and nothing behind it is taken.
func FuzzShellRequest(f *testing.F) {
	f.Add([]byte(`{"args":["sh"],"tty":true,"cols":80,"rows":24}`), []byte("rest"))
	f.Add([]byte(`{"args":[`), []byte{})
	f.Add([]byte(``), []byte("\n"))
	f.Add(bytes.Repeat([]byte("a"), 10_000), []byte("\n{}\n"))
	f.Fuzz(func(t *testing.T, line, rest []byte) {
		line = bytes.ReplaceAll(line, []byte("\n"), []byte(" "))
		in := append(append(bytes.Clone(line), '\n'), rest...)
		r := bufio.NewReaderSize(bytes.NewReader(in), 16)
		req, err := ReadShellRequest(r)
		var again ShellRequest
		if want := json.Unmarshal(line, &again); (want == nil) != (err == nil) || !reflect.DeepEqual(req, again) {
			t.Fatalf("request %+v, %v; JSON says %+v, %v", req, err, again, want)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, rest) {
			t.Fatalf("left %q, %v; want %q", got, err, rest)
		}
	})
}
