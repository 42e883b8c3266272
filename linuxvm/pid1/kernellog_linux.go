package pid1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// copyKernelLog writes the kernel's log to w, and with follow what comes, until ctx ends.
func copyKernelLog(ctx context.Context, follow bool, w io.Writer) error {
	f, err := os.OpenFile("/dev/kmsg", os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open kernel log: %w", err)
	}
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { f.Close() })
	defer stop()
	read := f.Read // waits for more
	if !follow {
		conn, err := f.SyscallConn()
		if err != nil {
			return fmt.Errorf("open kernel log: %w", err)
		}
		read = func(p []byte) (n int, err error) {
			controlErr := conn.Control(func(fd uintptr) { n, err = unix.Read(int(fd), p) })
			return max(n, 0), errors.Join(controlErr, err)
		}
	}
	record := make([]byte, 8192) // one read is one record
	for {
		n, err := read(record)
		switch {
		case errors.Is(err, syscall.EPIPE): // records were lost, the next read goes on behind them
			continue
		case errors.Is(err, syscall.EAGAIN) && !follow:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("read kernel log: %w", err)
		}
		if _, err := io.WriteString(w, kernelLine(string(record[:n]))); err != nil {
			return fmt.Errorf("write kernel log: %w", err)
		}
	}
}

// kernelLine turns a record of /dev/kmsg ("prefix,sequence,microseconds,flags;text") into a line as dmesg prints it.
func kernelLine(record string) string {
	head, text, _ := strings.Cut(record, ";")
	text, _, _ = strings.Cut(text, "\n")
	var micro int64
	if f := strings.Split(head, ","); len(f) > 2 {
		micro, _ = strconv.ParseInt(f[2], 10, 64)
	}
	return fmt.Sprintf("[%5d.%06d] %s\n", micro/1e6, micro%1e6, text)
}
