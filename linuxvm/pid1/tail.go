package pid1

import (
	"io"
	"strings"
)

// readTail reads to the end and returns the last n bytes, without blanks around them.
func readTail(r io.Reader, n int) string {
	var tail []byte
	buf := make([]byte, 4096)
	for {
		got, err := r.Read(buf)
		tail = append(tail, buf[:got]...)
		tail = tail[max(0, len(tail)-n):]
		if err != nil {
			return strings.TrimSpace(string(tail))
		}
	}
}
