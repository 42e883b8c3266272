package engine

import "github.com/wherry-app/wherry/app"

// event is something that happened to the engine.
type event string

const (
	evStart      event = "start"      // a start was asked for, or a VM was found running
	evLaunched   event = "launched"   // the VM's processors run
	evLinked     event = "linked"     // the guest's agent answers
	evReady      event = "ready"      // docker answers
	evDockerLost event = "dockerLost" // docker does not answer any more, the agent does
	evLinkLost   event = "linkLost"   // the agent does not answer any more
	evStop       event = "stop"       // a stop was asked for
	evSuspend    event = "suspend"    // a stop was asked for that saves what runs
	evNap        event = "nap"        // the VM is to be saved since nobody needs it
	evAwake      event = "awake"      // the VM was to be saved, and goes on instead
	evSuspended  event = "suspended"  // the VM is gone, saved
	evEnded      event = "ended"      // the VM is gone as it was asked to
	evFailed     event = "failed"     // the VM is gone, or never came, for a cause
)

// next is the state that an event leads to. An event that says nothing new in a state leaves it as it is; so does one
// that comes late, from a session that is being stopped.
func next(s app.State, e event) app.State {
	switch e {
	case evEnded:
		return app.StateStopped
	case evFailed:
		return app.StateFailed
	case evStart:
		if rests(s) {
			return app.StatePreparing
		}
	case evStop:
		if !rests(s) {
			return app.StateStopping
		}
	case evSuspend:
		if s == app.StateRunning {
			return app.StateSuspending
		}
		return next(s, evStop)
	case evNap:
		if s == app.StateRunning {
			return app.StateSuspending
		}
	case evAwake:
		if s == app.StateSuspending {
			return app.StateRunning
		}
	case evSuspended:
		return app.StateSuspended
	case evLaunched:
		if s == app.StatePreparing {
			return app.StateBooting
		}
	case evLinked:
		if s == app.StateBooting {
			return app.StateConnecting
		}
	case evReady:
		if s == app.StateConnecting {
			return app.StateRunning
		}
	case evDockerLost:
		if s == app.StateRunning {
			return app.StateConnecting
		}
	case evLinkLost:
		if s == app.StateRunning || s == app.StateConnecting {
			return app.StateBooting
		}
	}
	return s
}

// rests says whether nothing runs in a state.
func rests(s app.State) bool {
	return s == app.StateStopped || s == app.StateSuspended || s == app.StateFailed
}
