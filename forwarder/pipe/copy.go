package pipe

import (
	"io"

	pool "github.com/libp2p/go-buffer-pool"
)

// An idle direction holds the small buffer, a busy one the large. The large one is two of the link's largest messages,
// 32 KiB each with a header of 12 bytes.
const (
	smallBuffer = 2 << 10
	largeBuffer = 2 * (32<<10 - 12)
)

// transfer copies src to dst until src ends, and returns how many bytes dst took. It does not use io.Copy's ways into
// the kernel: one end is always a stream of the link, and where both ends were sockets, splice measured slower.
func transfer(dst io.Writer, src io.Reader) (int64, error) {
	small := pool.Get(smallBuffer)
	defer pool.Put(small)

	var total int64
	for {
		n, more, err := move(dst, src, small)
		total += n
		for more && err == nil {
			n, more, err = moveLarge(dst, src)
			total += n
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// move does one read and the write of what it got; more tells that there was enough to fill buf.
func move(dst io.Writer, src io.Reader, buf []byte) (written int64, more bool, err error) {
	n, rerr := src.Read(buf)
	if n > 0 {
		w, werr := dst.Write(buf[:n])
		if werr != nil {
			return int64(w), false, werr
		}
	}
	return int64(n), n == len(buf), rerr
}

// moveLarge is move with a large buffer from the pool; more tells that it was well used.
func moveLarge(dst io.Writer, src io.Reader) (written int64, more bool, err error) {
	buf := pool.Get(largeBuffer)
	defer pool.Put(buf)
	written, _, err = move(dst, src, buf)
	return written, written >= largeBuffer/8, err
}
