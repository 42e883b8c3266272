package engine

import (
	"errors"
	"time"

	"github.com/wherry-app/wherry/app"
)

// crash is why a machine ended by itself, other than by powering off.
type crash struct{ error }

func (c crash) Unwrap() error { return c.error }

// crashSpan is in which so many crashes as Config.Reboots are answered by a boot.
const crashSpan = 10 * time.Minute

// mayReboot says whether the machine is to be started again after its session has ended with err: it loses nothing that is
// not lost already.
func (o *owner) mayReboot(err error) bool {
	if why := (crash{}); !errors.As(err, &why) || !o.sess.wasReady() {
		return false
	}
	now := time.Now()
	var recent []time.Time
	for _, t := range o.crashes {
		if now.Sub(t) < crashSpan {
			recent = append(recent, t)
		}
	}
	o.crashes = append(recent, now)
	return len(recent) < o.cfg.Reboots
}

// reboot starts the machine again. Clients wait meanwhile.
func (o *owner) reboot(cause error) {
	o.log.Warn("the machine is started again after a crash")
	o.begin()
	o.snap.Warnings = append(o.snap.Warnings, *app.InfoOf(app.Errorf("see `wherry logs kernel` if it happens again",
		"the virtual machine was started again: %w", cause)))
}
