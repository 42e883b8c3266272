package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/hostproxy"
	"github.com/wherry-app/wherry/app/logfile"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/vmhost"
)

// ErrNotServing is returned by calls to an engine whose Run has ended.
var ErrNotServing = errors.New("engine is shutting down")

// Config is what an engine is made of.
type Config struct {
	// Home is prepared and locked by the caller.
	Home home.Dir
	// Drivers in order of preference; the first that can work here is taken.
	Drivers []vmhost.Driver
	// Image finds the guest image to boot.
	Image func() (*image.Image, error)
	// Host bounds the settings.
	Host app.Host
	// Version of Wherry.
	Version string
	Logger  hclog.Logger
	// Rescue makes a start end when the guest's agent answers, whatever is wrong with the data disk: for a shell to mend
	// it with. Docker is not offered.
	Rescue bool
	// Conventions of docker's clients; the zero value leaves them alone.
	Conventions Conventions
	// Reboots is how many times in ten minutes a machine is started again that has crashed while docker answered; 0 leaves
	// it to the user.
	Reboots int
	// Deadlines of a start and a stop; zero values take those of DefaultDeadlines.
	Deadlines Deadlines
}

// Deadlines say how long the stages of a start and a stop may take before the engine gives up on them.
type Deadlines struct {
	// Boot is from the VM's start until its agent answers, Docker from there until docker does.
	Boot, Docker time.Duration
	// Containers is what all containers together get to end, PowerOff what the guest gets after that.
	Containers, PowerOff time.Duration
	// Adopt is what a VM found running gets to answer.
	Adopt time.Duration
}

// DefaultDeadlines leave room for a software-emulated processor.
func DefaultDeadlines() Deadlines {
	return Deadlines{Boot: 90 * time.Second, Docker: 180 * time.Second, Containers: 30 * time.Second, PowerOff: 20 * time.Second, Adopt: 8 * time.Second}
}

// Engine is the app.Service of this host.
type Engine struct {
	cfg      Config
	log      hclog.Logger
	pub      publisher
	proxies  *hostproxy.Finder
	requests chan request
	quit     chan struct{} // closed when Run ends
	front    *front
	settings liveSettings
}

var _ app.Service = (*Engine)(nil)

// New makes an engine; Run starts it.
func New(cfg Config) *Engine {
	if cfg.Deadlines == (Deadlines{}) {
		cfg.Deadlines = DefaultDeadlines()
	}
	e := &Engine{cfg: cfg, log: cfg.Logger.Named("engine"), requests: make(chan request), quit: make(chan struct{})}
	e.front = newFront(e)
	e.proxies = e.newProxyFinder()
	return e
}

// Snapshot implements app.Observer.
func (e *Engine) Snapshot(context.Context) (app.Snapshot, error) {
	snap, _ := e.pub.get()
	return withUptime(snap), nil
}

// Watch implements app.Observer.
func (e *Engine) Watch(ctx context.Context, f func(app.Snapshot) error) error {
	return e.pub.watch(ctx, func(s app.Snapshot) error { return f(withUptime(s)) })
}

// withUptime brings the one field up to date that changes with the clock.
func withUptime(s app.Snapshot) app.Snapshot {
	if s.State == app.StateRunning {
		s.Uptime = time.Since(s.Since).Seconds()
	}
	return s
}

// Start implements app.Lifecycle.
func (e *Engine) Start(ctx context.Context) error {
	return e.ask(ctx, request{aim: aimRunning})
}

// Stop implements app.Lifecycle.
func (e *Engine) Stop(ctx context.Context, mode app.StopMode) error {
	return e.ask(ctx, request{aim: aimStopped, mode: mode})
}

// Restart implements app.Lifecycle.
func (e *Engine) Restart(ctx context.Context) error {
	if err := e.Stop(ctx, app.StopPowerOff); err != nil {
		return err
	}
	return e.Start(ctx)
}

// Settings implements app.Configurer.
func (e *Engine) Settings(context.Context) (app.Settings, error) {
	return e.cfg.Home.LoadSettings(app.DefaultSettings(e.cfg.Host))
}

// Set implements app.Configurer.
func (e *Engine) Set(ctx context.Context, changes map[string]string) (app.SetResult, error) {
	res, err := ChangeSettings(e.cfg.Home, e.cfg.Host, changes)
	if err != nil {
		return app.SetResult{}, err
	}
	e.settings.tell(res.Settings)
	snap, err := e.Snapshot(ctx)
	if err != nil || snap.State == app.StateStopped || snap.State == app.StateFailed {
		res.NeedRestart = nil
	}
	return res, nil
}

// ChangeSettings checks and saves changed settings; it needs no engine. All changed keys that are not live are in
// NeedRestart.
func ChangeSettings(h home.Dir, host app.Host, changes map[string]string) (app.SetResult, error) {
	old, err := h.LoadSettings(app.DefaultSettings(host))
	if err != nil {
		return app.SetResult{}, err
	}
	size, err := diskSize(h.DataDisk())
	if err != nil {
		return app.SetResult{}, err
	}
	now, err := old.With(changes, host, size)
	if err != nil {
		return app.SetResult{}, err
	}
	if err := h.Prepare(); err != nil {
		return app.SetResult{}, err
	}
	if err := setAutostart(h, old, now); err != nil {
		return app.SetResult{}, err
	}
	if err := h.SaveSettings(now); err != nil {
		return app.SetResult{}, err
	}
	res := app.SetResult{Settings: now}
	for _, k := range app.Keys() {
		if !k.Live && k.Get(old) != k.Get(now) {
			res.NeedRestart = append(res.NeedRestart, k.Name)
		}
	}
	return res, nil
}

// Reset implements app.Configurer.
func (e *Engine) Reset(ctx context.Context, keepSettings bool) error {
	if err := e.Stop(ctx, app.StopForce); err != nil {
		return err
	}
	return e.ask(ctx, request{aim: aimReset, keepSettings: keepSettings})
}

// Logs implements app.Inspector.
func (e *Engine) Logs(ctx context.Context, source app.LogSource, follow bool, w io.Writer) error {
	return logfile.Copy(ctx, e.cfg.Home.Log(source), follow, w)
}

// Shell implements app.Inspector.
func (e *Engine) Shell(ctx context.Context, s app.ShellSession) error {
	reply := make(chan *session, 1)
	if err := e.send(ctx, request{aim: aimSession, session: reply}); err != nil {
		return err
	}
	sess := <-reply
	if sess == nil {
		return app.Errorf("run `wherry start` first", "the engine is not running")
	}
	defer e.front.hold()()
	resize := make(chan [2]uint16)
	req := control.ShellRequest{Args: s.Args, TTY: s.TTY, Cols: s.Size.Cols, Rows: s.Size.Rows}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for size := range s.Resize {
			select {
			case resize <- [2]uint16{size.Cols, size.Rows}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return control.Shell(ctx, sess.link, req, s.Stdin, s.Stdout, resize)
}
