package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
)

func (c *cli) portsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ports",
		Short: "List the published ports, or trace why one does not answer",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			snap, err := c.truth(cmd.Context())
			if err != nil {
				return err
			}
			list := snap.Ports
			if now, err := c.client.Ports(cmd.Context()); err == nil { // else there is no daemon
				list = now
			}
			if asJSON {
				return printJSON(c.out, list)
			}
			c.sayNames(snap)
			if len(list) == 0 {
				fmt.Fprintln(c.err, "no ports are published: run a container with `docker run -p 8080:80 …`")
				return nil
			}
			return printPorts(c.out, list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(c.traceCommand())
	return cmd
}

// printPorts prints a table, and below it what is wrong.
func printPorts(out io.Writer, list []app.Port) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tCONTAINER\tPORT\tSTATE\tIN\tOUT\tCONNECTIONS")
	for _, p := range list {
		host, state := p.HostAddress, string(p.State)
		if host == "" {
			host = "-"
		}
		if p.Found {
			state += ", host network"
		}
		fmt.Fprintf(w, "%s\t%s\t%d/%s\t%s\t%s\t%s\t%d\n", host, p.Container, p.ContainerPort, p.Proto, state,
			app.HumanSize(p.BytesIn), app.HumanSize(p.BytesOut), p.Connections)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range list {
		if p.Error != "" {
			fmt.Fprintf(out, "%s:%d/%s: %s\n", p.Container, p.ContainerPort, p.Proto, oneLine(&app.Error{Err: errors.New(p.Error), Next: p.Hint}))
		}
	}
	return nil
}

// errNoAnswer is the end of a trace that found a problem.
var errNoAnswer = errors.New("the port does not answer")

func (c *cli) traceCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "trace CONTAINER:PORT[/udp]",
		Short: "Explain hop by hop why a container's port answers or does not",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			container, port, proto, err := parsePort(args[0])
			if err != nil {
				return usageError{err}
			}
			t, err := c.client.TracePort(cmd.Context(), container, port, proto)
			if errors.Is(err, api.ErrNoDaemon) {
				snap, terr := c.truth(cmd.Context())
				if terr != nil {
					return terr
				}
				t, err = app.ExplainPort(app.PortFacts{Container: container, Port: port, Proto: proto, State: snap.State}), nil
			}
			switch {
			case err != nil:
				return err
			case asJSON:
				err = printJSON(c.out, t)
			default:
				err = printTrace(c.out, t)
			}
			if err == nil && !t.Answers {
				err = errNoAnswer
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// parsePort reads CONTAINER:PORT[/PROTO].
func parsePort(s string) (container string, port uint16, proto string, err error) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 {
		return "", 0, "", fmt.Errorf("%q is not CONTAINER:PORT, for example web:80", s)
	}
	number, proto, ok := strings.Cut(s[i+1:], "/")
	if !ok {
		proto = "tcp"
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 || (proto != "tcp" && proto != "udp") {
		return "", 0, "", fmt.Errorf("%q is no port of a container: write 80, 80/tcp or 53/udp", s[i+1:])
	}
	return s[:i], uint16(n), proto, nil
}

// printTrace prints a hop a line, and what to do about a problem below it.
func printTrace(out io.Writer, t app.Trace) error {
	marks := map[app.HopState]string{app.HopOK: "ok", app.HopProblem: "PROBLEM", app.HopUnknown: "unknown"}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, h := range t.Hops {
		fmt.Fprintf(w, "%s\t%s\t%s\n", h.Name, marks[h.State], h.Message)
		if h.Hint != "" {
			fmt.Fprintf(w, "\t\t→ %s\n", h.Hint)
		}
	}
	return w.Flush()
}
