package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/dockersock"
)

// sharePatience is how long the bind of a folder that has just been shared waits for the guest to have it.
const sharePatience = 5 * time.Second

// binds decides what containers may bind.
func (e *Engine) binds() dockersock.Binds {
	return dockersock.Binds{
		Sockets:     []string{"/var/run/docker.sock", guestDockerSocket, e.cfg.Home.DockerSocket()},
		GuestSocket: guestDockerSocket,
		Guest:       []string{"/dev", "/lib/modules", "/proc", "/sys", "/var/lib/docker"},
		Folders:     e.sharedFolders,
	}
}

// sharedFolders are those that containers can bind now, and why not others that are set. It waits a moment for one that
// the guest does not have yet.
func (e *Engine) sharedFolders(ctx context.Context) []dockersock.Folder {
	set, err := e.Settings(ctx)
	if err != nil {
		e.log.Warn("shared folders are not known", "error", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sharePatience)
	defer cancel()
	var folders []dockersock.Folder
	_ = e.pub.watch(ctx, func(snap app.Snapshot) error {
		var waiting bool
		folders, waiting = foldersOf(set.ShareList(), snap.Shares)
		if waiting {
			return nil
		}
		return errEnded
	})
	return folders
}

// foldersOf are shared folders as the docker socket needs them; waiting if one of them may yet come.
func foldersOf(set []app.Share, live []app.ShareState) (folders []dockersock.Folder, waiting bool) {
	for _, share := range set {
		f := dockersock.Folder{Host: share.Path, Guest: dockersock.GuestPath(share.Path), ReadOnly: share.ReadOnly}
		i := slices.IndexFunc(live, func(l app.ShareState) bool { return l.Path == share.Path })
		switch {
		case i >= 0 && live[i].Error != "":
			f.Err = errors.New(live[i].Error)
			if live[i].Hint != "" {
				f.Err = errors.New(live[i].Error + "; " + live[i].Hint)
			}
		case i < 0 || !live[i].Ready || live[i].ReadOnly != share.ReadOnly:
			f.Err, waiting = errors.New("the guest does not have it yet"), true
		default:
			f.Guest = live[i].GuestPath
		}
		folders = append(folders, f)
	}
	return folders, waiting
}
