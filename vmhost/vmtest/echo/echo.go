package echo

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Commands are the lines on which a guest does something; it answers every other line with the same line.
const (
	PowerOff = "poweroff"
	Reboot   = "reboot"
	Panic    = "panic"
	// Fill writes a MiB to the first disk; the guest answers with the same line once that is done.
	Fill = "fill"
)

// Greeting is the line that a guest says first to each new host; sessions are counted from 1, so a gap or a repeated
// number shows that the guest missed that a host went away.
func Greeting(session int) string { return fmt.Sprintf("hello %d", session) }

// Serve talks to one host until that goes away, which is no error. do gets the command lines.
func Serve(conn io.ReadWriter, session int, do func(command string)) error {
	if _, err := fmt.Fprintln(conn, Greeting(session)); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(conn, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		switch command := strings.TrimSuffix(line, "\n"); command {
		case PowerOff, Reboot, Panic:
			do(command)
		default:
			if command == Fill {
				do(command)
			}
			if _, err := io.WriteString(conn, line); err != nil {
				return err
			}
		}
	}
}
