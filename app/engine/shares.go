package engine

import (
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/dockersock"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/linuxvm/sharefs/server"
)

// shareFolders serves the shared folders to the guest as long as the session lives, and takes up changed settings.
func (s *session) shareFolders() {
	files := server.New(server.Config{Logger: s.log})
	set := func(now app.Settings) {
		if err := files.SetShares(sharesOf(now)); err != nil {
			s.log.Warn("folders cannot be shared", "error", err)
		}
	}
	set(s.plan.settings)
	s.later(func() { _ = files.SetShares(nil) })
	s.onSettings("shared folders", set)
	s.task("watching shared folders", files.KeepWatching)
	s.task("state of shared folders", func(ctx context.Context) error { return s.watchShares(ctx, files) })
	s.task("files", func(ctx context.Context) error {
		return again(ctx, func(ctx context.Context) error {
			conn, err := s.link.Dial(ctx, link.PortFiles)
			if err != nil {
				return err
			}
			if err := files.Serve(ctx, conn); err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
				s.log.Debug("stream of shared folders", "error", err)
			}
			return nil
		})
	})
}

// sharesOf are the shares of settings, each at its path in the guest.
func sharesOf(set app.Settings) []server.Share {
	var list []server.Share
	for _, sh := range set.ShareList() {
		list = append(list, server.Share{HostPath: sh.Path, GuestPath: dockersock.GuestPath(sh.Path), ReadOnly: sh.ReadOnly})
	}
	return list
}

// watchShares keeps the snapshot's shares up to date.
func (s *session) watchShares(ctx context.Context, files *server.Server) error {
	for {
		states, changed := files.States()
		list := shareStates(states)
		s.report("", func(snap *app.Snapshot) { snap.Shares = list })
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// shareStates are states of shares as the user sees them.
func shareStates(states []server.State) []app.ShareState {
	list := []app.ShareState{}
	for _, st := range states {
		one := app.ShareState{Path: st.HostPath, GuestPath: st.GuestPath, ReadOnly: st.ReadOnly, Driver: app.ShareWherry, Ready: st.Mounted}
		if st.Err != nil {
			one.Error, one.Hint = st.Err.Error(), "see to the folder, or take it off the list with `wherry share remove`"
			if errors.Is(st.Err, syscall.ENOENT) {
				one.Hint = "make the folder or plug its disk in, then restart the engine; or take it off the list with `wherry share remove`"
			}
		}
		list = append(list, one)
	}
	return list
}
