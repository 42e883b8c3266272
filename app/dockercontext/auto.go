package dockercontext

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/wherry-app/wherry/app"
)

// Host is what of a computer decides whether Wherry's engine may become docker's current one unasked.
type Host struct {
	// Env reads an environment variable.
	Env func(string) string
	// Answers tells whether an engine answers on the system's own socket.
	Answers func(ctx context.Context) bool
}

// ThisHost is the computer this runs on.
func ThisHost() Host { return Host{Env: os.Getenv, Answers: systemEngine} }

// Apply does what the setting docker_context says when the engine has started: auto writes the context and makes it the
// current one where no other engine is there; on writes it and makes it the current one; off does nothing. With foreign
// set, which says that the state directory is not the user's usual one, auto only refreshes a context that leads there
// already.
func (s *Store) Apply(ctx context.Context, setting, dockerHost string, foreign bool, h Host) error {
	if setting != app.Auto && setting != app.On {
		return nil
	}
	st, err := s.Status()
	if err != nil {
		return err
	}
	if setting == app.Auto && foreign {
		return nil
	}
	first := st.Host == ""
	if err := s.Write(dockerHost); err != nil {
		return err
	}
	switch {
	case setting == app.On:
		return s.Use(Name)
	case !first, st.Current != defaultName, len(st.Others) > 0, h.Env("DOCKER_HOST") != "", h.Env("DOCKER_CONTEXT") != "", h.Answers(ctx):
		return nil // another engine is there, or the user has decided since
	}
	return s.Use(Name)
}

// systemEngine tells whether somebody listens on the system's docker socket.
func systemEngine(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", SystemSocket)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// SystemSocket is where docker's clients look for an engine when they are told nothing.
const SystemSocket = "/var/run/docker.sock"
