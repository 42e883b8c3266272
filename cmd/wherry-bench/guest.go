package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
)

// runGuest is this program where the load leads to. It is not for people, and its output is for this program's other end.
//
//	guest nothing        ends at once
//	guest serve ADDRESS  answers the load generator, TCP and UDP, until it is killed; the first line printed is the address
//	guest web ADDRESS    answers HTTP with nothing until it is killed
//	guest sink           reads its input to the end and prints how many bytes that were
//	guest source BYTES   prints as many bytes
//	guest files DIR N MB works with N small files and one of MB MiB in a folder, prints as JSON how long each step took
//	guest watch DIR      prints "ready", then "event" for each change of a file in a folder, and repeats its input
//	guest hold BYTES     touches as much memory and ends
//	guest paging BYTES   writes a file of as many bytes, reads it, removes it and ends
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
	case len(args) == 2 && args[0] == "web":
		return http.ListenAndServe(args[1], http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
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
	case len(args) == 4 && args[0] == "files":
		return reportFiles(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "watch":
		return watchFolder(args[1])
	case len(args) == 2 && (args[0] == "hold" || args[0] == "paging"):
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("read number of bytes: %w", err)
		}
		if args[0] == "hold" {
			return hold(n)
		}
		return pageThrough("/paging", n)
	case len(args) == 1 && args[0] == "dockerd":
		took, err := restartDockerd(ctx)
		if err != nil {
			return err
		}
		fmt.Println(took.Seconds())
		return nil
	}
	fmt.Fprintln(os.Stderr, "usage: wherry-bench guest nothing | serve ADDRESS | sink | source BYTES | web ADDRESS | hold BYTES | paging BYTES | files DIR N MB | watch DIR | dockerd")
	return errUsage
}

// zeros are without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// reportFiles works with files and prints how long each step took.
func reportFiles(dir, files, megabytes string) error {
	n, err := strconv.Atoi(files)
	if err != nil {
		return fmt.Errorf("read number of files: %w", err)
	}
	mb, err := strconv.ParseInt(megabytes, 10, 64)
	if err != nil {
		return fmt.Errorf("read size: %w", err)
	}
	took, err := runFiles(dir, n, mb<<20)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(took)
}
