package pid1

import (
	"io"
	"os"

	"github.com/hashicorp/go-hclog"
)

// newLogger makes the agent's logger: all to out, and warnings to the kernel's log too, which the host keeps even when
// the link is down.
func newLogger(out io.Writer, level hclog.Level) hclog.Logger {
	log := hclog.NewInterceptLogger(&hclog.LoggerOptions{
		Name: "guest", Level: level, Output: out,
	})
	if console, err := os.OpenFile("/dev/console", os.O_WRONLY, 0); err == nil {
		log.RegisterSink(hclog.NewSinkAdapter(&hclog.LoggerOptions{
			Name: "guest", Level: hclog.Warn, Output: console, DisableTime: true,
		}))
	}
	return log
}
