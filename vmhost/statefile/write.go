package statefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// newSuffix is behind the name of a file that is not complete.
const newSuffix = ".new"

// A Writer writes a state. It ends with Commit or Abort.
type Writer struct {
	path string
	file *os.File
	sum  uint32
	buf  []byte
}

var _ io.ReaderFrom = (*Writer)(nil)

// Create begins the file at path, readable by its owner only. Until Commit it has another name; what an earlier Writer
// left under that is removed. header is encoded as JSON.
func Create(path string, header any) (w *Writer, err error) {
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w = &Writer{path: path, file: f, buf: make([]byte, headLen+chunkSize)}
	if _, err := f.WriteString(magic); err != nil {
		w.Abort()
		return nil, err
	}
	if len(text) > chunkSize {
		w.Abort()
		return nil, fmt.Errorf("header of %d bytes is too long", len(text))
	}
	if err := w.chunk(copy(w.buf[headLen:], text)); err != nil {
		w.Abort()
		return nil, err
	}
	return w, nil
}

// ReadFrom writes all that r has; n is how much that was.
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) {
	for {
		m, err := io.ReadFull(r, w.buf[headLen:])
		n += int64(m)
		if m > 0 {
			if err := w.chunk(m); err != nil {
				return n, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// chunk writes the first n bytes behind the space for their head in w.buf.
func (w *Writer) chunk(n int) error {
	w.sum = add(w.sum, w.buf[headLen:headLen+n])
	head := makeHead(n, w.sum)
	copy(w.buf, head[:])
	_, err := w.file.Write(w.buf[:headLen+n])
	return err
}

// Commit ends the file and gives it its name, once it is safe on the disk. After an error there is no file, as after
// Abort.
func (w *Writer) Commit() error {
	err := w.chunk(0)
	if err == nil {
		err = w.file.Sync()
	}
	if closed := w.file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(w.path+newSuffix, w.path)
	}
	if err == nil {
		if err = syncDir(filepath.Dir(w.path)); err != nil {
			_ = os.Remove(w.path)
		}
	}
	_ = os.Remove(w.path + newSuffix)
	return err
}

// Abort drops the file. After Commit it does nothing.
func (w *Writer) Abort() {
	if w.file.Close() == nil {
		_ = os.Remove(w.path + newSuffix)
	}
}

// Remove removes the file at path, so that it does not come back after a crash of the host. That it is not there is no
// error.
func Remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// WriteFile makes a file with the given content that outlives a crash of the host, readable by its owner only.
func WriteFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
