package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := dispatch(ctx, os.Args[1:])
	switch {
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "wherry-bench:", err)
		os.Exit(1)
	}
}

// errUsage is a command line that was not understood, which the user has been told.
var errUsage = errors.New("wrong usage")

func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "guest" {
		return runGuest(ctx, args[1:])
	}
	o, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return run(ctx, o)
}

// options are the command line.
type options struct {
	out, program, accel, memory string
	only                        *regexp.Regexp
	runs                        int
	quick                       bool
}

// parse reads the command line and tells the user on w what is wrong with it.
func parse(args []string, w io.Writer) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("wherry-bench", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&o.out, "o", "", "the JSON `file` to write")
	flags.StringVar(&o.program, "wherry", "bin/wherry", "the `program` to measure")
	flags.StringVar(&o.accel, "accel", "auto", "the `accelerator` to set")
	flags.StringVar(&o.memory, "memory", "2GiB", "the VM's memory as a `size`")
	flags.StringVar(&only, "only", "", "do those experiments only whose name this `regexp` matches: "+names())
	flags.IntVar(&o.runs, "runs", 3, "how `often` each measurement is repeated")
	flags.BoolVar(&o.quick, "quick", false, "one run, shorter and smaller loads: for a first look")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unknown argument %q", flags.Arg(0))
		fmt.Fprintln(w, err)
	}
	if err == nil {
		if o.only, err = regexp.Compile(only); err != nil {
			fmt.Fprintln(w, err)
		}
	}
	if err != nil {
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if o.quick {
		o.runs = 1
	}
	o.runs = max(o.runs, 1)
	return o, nil
}
