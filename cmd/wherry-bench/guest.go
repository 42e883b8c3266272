package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
)

// runGuest is this program where the load leads to. It is not for people, and its output is for this program's other end.
//
//	guest nothing        ends at once
//	guest serve ADDRESS  answers the load generator, TCP and UDP, until it is killed; the first line printed is the address
//	guest sink           reads its input to the end and prints how many bytes that were
//	guest source BYTES   prints as many bytes
//	guest dockerd        restarts the guest's dockerd and prints in how many seconds that was ready
func runGuest(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "nothing":
		return nil
	case len(args) == 2 && args[0] == "serve":
		l, err := net.Listen("tcp", args[1])
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		if err != nil {
			return errors.Join(fmt.Errorf("listen: %w", err), l.Close())
		}
		fmt.Println(l.Addr())
		packets := make(chan error, 1)
		go func() { packets <- load.ServePackets(ctx, p) }()
		return errors.Join(load.Serve(ctx, l), <-packets)
	case len(args) == 1 && args[0] == "sink":
		n, err := load.Copy(io.Discard, os.Stdin)
		if err != nil {
			return fmt.Errorf("read input: %w", err)
		}
		fmt.Println(n)
		return nil
	case len(args) == 2 && args[0] == "source":
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("read number of bytes: %w", err)
		}
		_, err = load.Copy(os.Stdout, io.LimitReader(zeros{}, n))
		return err
	case len(args) == 1 && args[0] == "dockerd":
		took, err := restartDockerd(ctx)
		if err != nil {
			return err
		}
		fmt.Println(took.Seconds())
		return nil
	}
	fmt.Fprintln(os.Stderr, "usage: wherry-bench guest nothing | serve ADDRESS | sink | source BYTES | dockerd")
	return errUsage
}

// zeros are without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
