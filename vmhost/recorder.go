package vmhost

import "context"

// A Recorder is an Adopter that knows what a machine it left running was made of.
type Recorder interface {
	// Recorded is the Spec of the machine that runs in dir. It is ErrNoMachine if there is none, ErrNewer if it was started by
	// a newer version.
	Recorded(ctx context.Context, dir string) (Spec, error)
}
