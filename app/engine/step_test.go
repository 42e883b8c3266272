package engine

import (
	"testing"

	"github.com/wherry-app/wherry/app"
)

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		from app.State
		e    event
		want app.State
	}{
		{app.StateStopped, evStart, app.StatePreparing},
		{app.StateFailed, evStart, app.StatePreparing},
		{app.StatePreparing, evLaunched, app.StateBooting},
		{app.StateBooting, evLinked, app.StateConnecting},
		{app.StateConnecting, evReady, app.StateRunning},
		{app.StateRunning, evDockerLost, app.StateConnecting},
		{app.StateRunning, evLinkLost, app.StateBooting},
		{app.StateConnecting, evLinkLost, app.StateBooting},
		{app.StateRunning, evStop, app.StateStopping},
		{app.StatePreparing, evStop, app.StateStopping},
		{app.StateStopping, evEnded, app.StateStopped},
		{app.StateRunning, evFailed, app.StateFailed},
		{app.StateRunning, evNap, app.StateSuspending},
		{app.StateConnecting, evNap, app.StateConnecting},
		{app.StateSuspending, evAwake, app.StateRunning},
		{app.StateStopping, evAwake, app.StateStopping},
		{app.StateSuspending, evSuspended, app.StateSuspended},
		// what comes late or says nothing new
		{app.StateRunning, evStart, app.StateRunning},
		{app.StateStopping, evStart, app.StateStopping},
		{app.StateStopping, evReady, app.StateStopping},
		{app.StateStopping, evLinkLost, app.StateStopping},
		{app.StateStopped, evStop, app.StateStopped},
		{app.StateFailed, evStop, app.StateFailed},
		{app.StateRunning, evLinked, app.StateRunning},
		{app.StateBooting, evReady, app.StateBooting},
	} {
		if got := next(tt.from, tt.e); got != tt.want {
			t.Errorf("%s + %s = %s, want %s", tt.from, tt.e, got, tt.want)
		}
	}
}

// From every state there is a way to rest, and from every resting state a way to start.
func TestNoStateIsATrap(t *testing.T) {
	states := []app.State{
		app.StateStopped, app.StatePreparing, app.StateBooting, app.StateConnecting, app.StateRunning,
		app.StateSuspending, app.StateSuspended, app.StateStopping, app.StateFailed,
	}
	for _, s := range states {
		if got := next(next(s, evStop), evEnded); got != app.StateStopped {
			t.Errorf("stop in %s ends in %s", s, got)
		}
		if got := next(next(s, evFailed), evStart); got != app.StatePreparing {
			t.Errorf("start after a failure in %s gives %s", s, got)
		}
	}
}
