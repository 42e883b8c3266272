package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
)

// runGuest is this program where the load leads to. It is not for people, and its output is for this program's other end.
//
//	guest nothing        ends at once
//	guest serve ADDRESS  answers the load generator until it is killed; the first line printed is the address
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
		fmt.Println(l.Addr())
		return load.Serve(ctx, l)
	case len(args) == 1 && args[0] == "dockerd":
		took, err := restartDockerd(ctx)
		if err != nil {
			return err
		}
		fmt.Println(took.Seconds())
		return nil
	}
	fmt.Fprintln(os.Stderr, "usage: wherry-bench guest nothing | serve ADDRESS | dockerd")
	return errUsage
}
