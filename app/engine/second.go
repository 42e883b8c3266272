package engine

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/app/logfile"
	"github.com/wherry-app/wherry/forwarder/dockersock"
	"github.com/wherry-app/wherry/linuxvm/link"
)

// AuditLog is the file in which the calls on the second docker socket are written down.
func AuditLog(h home.Dir) string {
	return filepath.Join(filepath.Dir(h.Log(app.LogDaemon)), "docker-api.log")
}

// offerSecond opens the docker socket for tools that are not trusted, where the settings say so. It is open as long as st.
func (f *front) offerSecond(ctx context.Context, st *stall, set app.Settings) {
	if set.SecondSocket == app.Off {
		return
	}
	l, err := localsock.Listen(f.e.cfg.Home.SecondSocket())
	if err != nil {
		f.log.Error("second docker socket", "error", err)
		return
	}
	log := logfile.NewWriter(AuditLog(f.e.cfg.Home))
	record := func(c dockersock.Call) {
		what := c.Method + " " + c.Path
		if c.Method == "" {
			what = "(no HTTP/1)"
		}
		if _, err := fmt.Fprintf(log, "%s %d %s\n", c.Time.Format(time.RFC3339Nano), c.Status, what); err != nil {
			f.log.Error("log of docker's API", "error", err)
		}
	}
	st.second.Go(func() {
		defer log.Close()
		var err error
		if set.SecondSocket == app.SocketReadOnly {
			err = dockersock.ServeReadOnly(ctx, dockersock.ReadOnlyConfig{Listener: l, Dial: f.dialDocker, Record: record, Logger: f.e.log})
		} else {
			err = f.proxy(l, record).Run(ctx)
		}
		if err != nil {
			f.log.Error("second docker socket", "error", err)
		}
	})
}

// dialDocker opens a stream to dockerd, which keeps the machine awake until it is closed, and wakes one.
func (f *front) dialDocker(ctx context.Context) (net.Conn, error) {
	release := f.hold()
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	s, err := f.ready(ctx)
	if err != nil {
		release()
		return nil, err
	}
	conn, err := s.link.Dial(ctx, link.PortDocker)
	if err != nil {
		release()
		return nil, err
	}
	return &heldConn{conn, release}, nil
}
