package engine

import (
	"context"
	"fmt"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/dockercontext"
)

// Conventions say where docker's own clients look for engines on this host.
type Conventions struct {
	// ConfigDir is the folder of docker's configuration; empty if it is to be left alone.
	ConfigDir string
	// Foreign says that the state directory is not the one that the user has without saying so.
	Foreign bool
}

// announce writes docker's context as the setting says. A failure is the user's to know, and not the engine's.
func (s *session) announce(ctx context.Context) {
	c := s.cfg.Conventions
	if c.ConfigDir == "" {
		return
	}
	err := dockercontext.Open(c.ConfigDir).Apply(ctx, s.plan.settings.DockerContext, s.cfg.Home.DockerHost(), c.Foreign, dockercontext.ThisHost())
	if err == nil {
		return
	}
	err = fmt.Errorf("docker's context was not written: %w", err)
	s.log.Warn("docker's context", "error", err)
	s.report("", func(snap *app.Snapshot) { snap.Warnings = append(snap.Warnings, *app.InfoOf(err)) })
}
