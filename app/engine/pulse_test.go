package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

func TestClockOff(t *testing.T) {
	asked := time.Now()
	for _, c := range []struct{ late, took, want time.Duration }{
		{0, 0, 0},
		{200 * time.Millisecond, 0, 0},
		{time.Second, 0, time.Second},
		{-time.Second, 0, -time.Second},
		{time.Second, 2 * time.Second, 0}, // may be the answer's own time
		{5 * time.Second, 2 * time.Second, 4 * time.Second},
	} {
		if got := clockOff(asked.Round(0).Add(c.late), asked, c.took); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestTroubleNamesCauseAndNextAction(t *testing.T) {
	for want, cause := range map[string]error{
		"overloaded": nil,
		"signal":     fmt.Errorf("QEMU (process 7): %w", vmhost.ErrHeld),
		"hypervisor": fmt.Errorf("QEMU (process 7): %w", vmhost.ErrNoAnswer),
		"paused":     errors.New(`it is "paused"`),
	} {
		if got := trouble(cause); !strings.Contains(got.Message, want) || got.Hint == "" {
			t.Errorf("%v: %+v", cause, got)
		}
	}
}
