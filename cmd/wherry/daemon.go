package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/app/logfile"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/vmhost"
)

// idleTime is how long a daemon stays whose engine is stopped and which nobody calls. One whose engine is suspended stays: it
// listens for who wakes it.
const idleTime = 3 * time.Second

// reboots is how many crashes of the VM in ten minutes are answered by a boot, before it is left to the user.
const reboots = 3

func (c *cli) daemonCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "daemon",
		Short: "Run the engine's process; other commands start it when they need it",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := newDaemon(c.home, nil, false)
			if errors.Is(err, home.ErrLocked) {
				return tell(c.out, api.Ready{Busy: true})
			}
			if err != nil {
				return errors.Join(tell(c.out, api.Ready{Error: app.InfoOf(err)}), err)
			}
			return d.run(cmd.Context(), func(context.Context, *engine.Engine) error { return tell(c.out, api.Ready{}) })
		},
	}
	cmd.AddCommand(c.daemonRestartCommand())
	return cmd
}

// tell says to the process that started us how it went.
func tell(w io.Writer, r api.Ready) error { return json.NewEncoder(w).Encode(r) }

// daemon is the engine's process: the lock on the state directory, the engine and its API.
type daemon struct {
	home   home.Dir
	lock   *home.Lock
	log    hclog.Logger
	file   io.Closer
	engine *engine.Engine
}

// newDaemon takes the state directory; home.ErrLocked if another daemon has it. Where it runs in the foreground, warnings
// are also written to console; rescue is engine.Config's.
func newDaemon(h home.Dir, console io.Writer, rescue bool) (*daemon, error) {
	if err := h.Prepare(); err != nil {
		return nil, err
	}
	lock, err := h.Lock()
	if err != nil {
		return nil, err
	}
	file := logfile.NewWriter(h.Log(app.LogDaemon))
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "wherry", Level: hclog.Debug, Output: file})
	if console != nil {
		logger.RegisterSink(hclog.NewSinkAdapter(&hclog.LoggerOptions{Level: hclog.Warn, Output: console}))
	}
	d := &daemon{home: h, lock: lock, log: logger, file: file}
	d.engine = engine.New(engine.Config{
		Home:    h,
		Drivers: newDrivers(h.Cache(), logger),
		Image:   func() (*image.Image, error) { return findImage(h) },
		Host:    hostFacts(),
		Version: version(),
		Logger:  logger,
		Rescue:  rescue,
		Reboots: reboots,

		Conventions: conventions(),
	})
	return d, nil
}

// drivers are those of this build, for looking at machines only.
func (c *cli) drivers(log hclog.Logger) []vmhost.Driver {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return newDrivers(c.home.Cache(), log)
}

// run serves until ctx ends, a client asks to quit, or the daemon is idle; serving, it calls f, whose error ends it.
func (d *daemon) run(ctx context.Context, f func(context.Context, *engine.Engine) error) error {
	defer d.file.Close()
	left := false
	defer func() {
		if left {
			return // the system takes it back with our end, and not before: until then the machine is ours
		}
		if err := d.lock.Unlock(); err != nil {
			d.log.Error("give the state directory back", "error", err)
		}
	}()
	l, err := localsock.Listen(d.home.DaemonSocket())
	if err != nil {
		return err
	}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	d.log.Info("daemon starts", "version", version(), "pid", os.Getpid())
	leave := make(chan struct{})
	server := api.NewServer(api.ServerConfig{Service: d.engine, Logger: d.log, Quit: quit, Leave: sync.OnceFunc(func() { close(leave) })})
	var g errgroup.Group
	g.Go(func() error { defer quit(); return server.Serve(ctx, l) })
	g.Go(func() error { defer quit(); return d.engine.Run(ctx) })
	g.Go(func() error {
		err := f(ctx, d.engine)
		if err != nil {
			quit()
		}
		return err
	})
	g.Go(func() error { d.untilIdle(ctx, server); quit(); return nil })
	ended := make(chan error, 1)
	go func() { ended <- g.Wait() }()
	select {
	case err = <-ended:
	case <-leave:
		left = true
		d.log.Info("daemon ends and leaves its machine to the next one")
		return nil
	}
	d.log.Info("daemon ends")
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// untilIdle returns when ctx ends, or when the engine has rested for idleTime and nobody has called meanwhile.
func (d *daemon) untilIdle(ctx context.Context, server *api.Server) {
	tick := time.NewTicker(idleTime)
	defer tick.Stop()
	resting, served := false, -1
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		snap, err := d.engine.Snapshot(ctx)
		rests := err == nil && (snap.State == app.StateStopped || snap.State == app.StateFailed)
		quiet := server.Clients() == 0 && server.Served() == served
		if rests && resting && quiet {
			return
		}
		resting, served = rests, server.Served()
	}
}

// findImage opens the guest image that belongs to this program: the one it was built with, or the downloaded one.
func findImage(h home.Dir) (*image.Image, error) {
	arch := string(vmhost.HostArch())
	if dir, ok := h.ImageDir(arch); ok {
		return image.Open(image.Config{Dir: dir, Hint: fmt.Sprintf("run `make guest ARCH=%s` in Wherry's source folder, or install Wherry anew", arch)})
	}
	return nil, app.Errorf("run `make guest` in Wherry's source folder, or set "+home.ImageEnvVar+" to the image's folder", "there is no guest image for %s", arch)
}
