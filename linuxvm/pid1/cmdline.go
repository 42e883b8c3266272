package pid1

import (
	"strconv"
	"strings"
	"time"
)

// Options are what the host says on the kernel's command line.
type Options struct {
	// MTU of the network card: wherry.mtu=.
	MTU int
	// Orphan is how long the guest goes on without a host, 0 for ever: wherry.orphan= in seconds.
	Orphan time.Duration
	// Debug makes the agent and its services say more: wherry.debug.
	Debug bool
}

// DefaultOptions are those of an empty command line.
func DefaultOptions() Options { return Options{MTU: 65520, Orphan: 10 * time.Minute} }

// ParseCmdline reads the options out of a kernel command line. A value that makes no sense leaves the default.
func ParseCmdline(cmdline string) Options {
	o := DefaultOptions()
	for word := range strings.FieldsSeq(cmdline) {
		key, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(value)
		switch {
		case key == "wherry.debug":
			o.Debug = true
		case key == "wherry.mtu" && err == nil && n >= 576 && n <= 65535:
			o.MTU = n
		case key == "wherry.orphan" && err == nil && n >= 0:
			o.Orphan = time.Duration(n) * time.Second
		}
	}
	return o
}
