package api

import (
	"context"
	"net/http"

	"github.com/wherry-app/wherry/app"
)

// Leave asks the daemon to end without its VM, which the next daemon takes over with all that runs in it. It is an error
// while the engine is on its way between two states. Connections from the host to containers break.
func (c *Client) Leave(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathLeave, nil, nil)
}

// leave answers before the daemon ends.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	snap, err := s.cfg.Service.Snapshot(r.Context())
	switch {
	case err != nil:
		fail(w, http.StatusInternalServerError, err)
	case s.cfg.Leave == nil:
		fail(w, http.StatusConflict, app.Errorf("run `wherry restart`", "this daemon cannot leave its VM"))
	case snap.State.Busy():
		fail(w, http.StatusConflict, app.Errorf("try again in a moment", "the engine is %s", snap.State))
	default:
		done(w, nil)
		_ = http.NewResponseController(w).Flush() // the client is gone if this fails
		s.cfg.Leave()
	}
}
