package build

import (
	"fmt"
	"io"
	"io/fs"
)

// writeCPIO writes a tree as a "newc" archive, which the kernel unpacks as its first root. Times are 0, inode numbers
// count up: the same tree gives the same bytes. Character devices are written as the console's.
func writeCPIO(w io.Writer, t Tree) error {
	for i, p := range t.Paths() {
		e := t[p]
		if err := writeCPIOEntry(w, i+1, p, e); err != nil {
			return fmt.Errorf("write %q to cpio: %w", p, err)
		}
	}
	return writeCPIOEntry(w, 0, "TRAILER!!!", Entry{})
}

func writeCPIOEntry(w io.Writer, inode int, p string, e Entry) error {
	data, mode, links := e.Data, uint32(e.Mode.Perm()), 1
	major, minor := 0, 0
	switch {
	case inode == 0:
	case e.Mode.IsDir():
		mode |= 0o040000
		links = 2
	case e.Mode&fs.ModeSymlink != 0:
		mode |= 0o120000
		data = []byte(e.Link)
	case e.Mode&fs.ModeCharDevice != 0:
		mode |= 0o020000
		major, minor = 5, 1
	default:
		mode |= 0o100000
	}
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		inode, mode, 0, 0, links, 0, len(data), 0, 0, major, minor, len(p)+1, 0, p)
	for _, part := range [][]byte{[]byte(header), data} {
		if _, err := w.Write(append(part[:len(part):len(part)], make([]byte, -len(part)&3)...)); err != nil {
			return err
		}
	}
	return nil
}
