package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest"
)

// world is an engine on a fake hypervisor, with a guest that runs in this process and answers on a real link.
type world struct {
	t       *testing.T
	home    home.Dir
	fake    *vmtest.Fake
	engine  *engine.Engine
	guest   *guest
	image   *image.Image
	cancel  context.CancelFunc
	reboots int
	done    chan error

	mu      sync.Mutex
	machine vmhost.Machine // the one started last
	spec    vmhost.Spec    // of the one made last
	newer   bool           // what was left running is a newer version's
}

// driver is the fake hypervisor, which starts a guest in each machine.
type driver struct {
	*vmtest.Fake
	w *world
}

type machine struct {
	vmhost.Machine
	w    *world
	dead bool // its guest never boots
}

func (d driver) Create(ctx context.Context, s vmhost.Spec) (vmhost.Machine, error) {
	m, err := d.Fake.Create(ctx, s)
	d.w.mu.Lock()
	d.w.spec = s
	d.w.mu.Unlock()
	return machine{m, d.w, filepath.Base(filepath.Dir(s.Kernel)) == deadImage}, err
}

// Recorded is the Spec that the world's last machine was made of, or the error of a newer version.
func (d driver) Recorded(_ context.Context, dir string) (vmhost.Spec, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if d.w.newer {
		return vmhost.Spec{}, app.Errorf("update it", "%w", vmhost.ErrNewer)
	}
	if d.w.spec.Dir != dir {
		return vmhost.Spec{}, vmhost.ErrNoMachine
	}
	return d.w.spec, nil
}

func (d driver) Resume(ctx context.Context, s vmhost.Spec, st vmhost.State) (vmhost.Machine, error) {
	m, err := d.Fake.Resume(ctx, s, st)
	if err != nil {
		return nil, err
	}
	return machine{m, d.w, false}, nil
}

func (m machine) Suspend(ctx context.Context, st vmhost.State) error {
	return m.Machine.(vmhost.Suspender).Suspend(ctx, st)
}

func (m machine) Pauses() (<-chan vmhost.Pause, func()) { return m.Machine.(vmhost.Pauser).Pauses() }

func (m machine) Continue(ctx context.Context) error { return m.Machine.(vmhost.Pauser).Continue(ctx) }

func (m machine) Start(ctx context.Context) (vmhost.Info, error) {
	info, err := m.Machine.Start(ctx)
	if err == nil && !m.dead {
		m.w.mu.Lock()
		m.w.machine = m.Machine
		m.w.mu.Unlock()
		m.w.guest.boot(m.w.fake.Guest(m.Machine))
	}
	return info, err
}

// deadImage is the folder of a guest image that does not boot.
const deadImage = "dead"

// newWorld makes a world whose engine is not running yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	h, err := home.At(filepath.Join(t.TempDir(), "h"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Prepare(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, home: h, fake: vmtest.NewFake(), image: testImage(t)}
	w.guest = newGuest(t)
	w.build(engine.Deadlines{Boot: 5 * time.Second, Docker: 5 * time.Second, Containers: 2 * time.Second, PowerOff: 2 * time.Second, Adopt: 2 * time.Second})
	return w
}

// build makes a new engine in the same home, as a new daemon would.
func (w *world) build(d engine.Deadlines) {
	img := w.image
	w.engine = engine.New(engine.Config{
		Home: w.home, Drivers: []vmhost.Driver{driver{w.fake, w}}, Image: func() (*image.Image, error) { return img, nil },
		Reboots: w.reboots, Host: app.Host{CPUs: 4, Memory: 8 << 30, Drivers: []string{"fake"}}, Version: "test", Logger: hclog.NewNullLogger(), Deadlines: d,
	})
}

// run runs the engine until the test is over.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.done = cancel, make(chan error, 1)
	go func() { w.done <- w.engine.Run(ctx) }()
	w.t.Cleanup(func() { w.end() })
}

// end ends the engine cleanly, as SIGTERM does the daemon.
func (w *world) end() {
	if w.cancel == nil {
		return
	}
	w.cancel()
	w.cancel = nil
	select {
	case <-w.done:
	case <-time.After(20 * time.Second):
		w.t.Error("the engine does not end")
	}
}

// until waits for a snapshot that is as wanted.
func (w *world) until(what string, wanted func(app.Snapshot) bool) app.Snapshot {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	var last app.Snapshot
	err := w.engine.Watch(ctx, func(s app.Snapshot) error {
		last = s
		if wanted(s) {
			return errFound
		}
		return nil
	})
	if err != errFound { //nolint:errorlint // that very value
		w.t.Fatalf("never %s: %+v", what, last)
	}
	return last
}

type found struct{}

func (found) Error() string { return "found" }

var errFound error = found{}

func is(want app.State) func(app.Snapshot) bool {
	return func(s app.Snapshot) bool { return s.State == want }
}

// testImage is an image of three tiny files.
func testImage(t *testing.T) *image.Image { return imageIn(t, t.TempDir(), "good") }

// imageIn makes an image in a folder, with an identity.
func imageIn(t *testing.T, dir, inputs string) *image.Image {
	t.Helper()
	m := image.Manifest{Format: image.Format, Arch: "amd64", Agent: "test", Cmdline: "quiet", Inputs: inputs}
	for _, name := range []string{image.Kernel, image.Initrd, image.Root} {
		write(t, filepath.Join(dir, name), []byte(name))
		a, err := image.Describe(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		m.Artifacts = append(m.Artifacts, a)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, image.ManifestName), b)
	img, err := image.Open(image.Config{Dir: dir, Hint: "build it"})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// guest is an agent and a dockerd in this process.
type guest struct {
	t *testing.T

	mu      sync.Mutex
	changed chan struct{}
	status  control.Status
	silent  bool // does not serve the link
	inside  *vmtest.Guest
	conns   []net.Conn
	deaf    bool // does not shut down when asked
	deaths  int  // boots that end in a panic
	mute    bool // hangs up on whoever opens the link
	stops   int
	quiet   bool // can be quiesced
	lain    int  // times that it was
	roused  int
}

var _ control.Guest = (*guest)(nil)

func newGuest(t *testing.T) *guest {
	return &guest{t: t, changed: make(chan struct{}), status: control.Status{
		Protocol: control.ProtocolVersion, Agent: "test", BootID: "1", DockerReady: true,
		Data: control.DataDisk{Filesystem: "ext4", Total: 64 << 30, Free: 60 << 30}, Memory: control.Memory{Total: 4 << 30, Available: 3 << 30},
		Stages: []control.Stage{{Name: "kernel", End: time.Second}},
	}}
}

// set changes what the guest says of itself.
func (g *guest) set(f func(*control.Status)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(&g.status)
	close(g.changed)
	g.changed = make(chan struct{})
}

// boot serves the link from inside a machine until that is gone.
func (g *guest) boot(inside *vmtest.Guest) {
	g.mu.Lock()
	g.inside = inside
	silent := g.silent
	if g.deaths > 0 {
		g.deaths--
		silent = true
		go inside.Crash(errors.New("kernel panic"))
	}
	g.mu.Unlock()
	if silent {
		return
	}
	docker := fakeDocker()
	server := control.NewServer(control.Config{Guest: g})
	ctx, cancel := context.WithCancel(context.Background())
	g.t.Cleanup(cancel)
	go func() {
		_ = link.Serve(ctx, link.ServeConfig{
			Open: func(ctx context.Context) (io.ReadWriteCloser, error) {
				c, err := inside.Accept(ctx, vmhost.ChannelLink)
				if err == io.EOF { //nolint:errorlint // the machine is gone
					cancel()
				}
				if err != nil {
					return nil, err
				}
				g.mu.Lock()
				defer g.mu.Unlock()
				g.conns = append(g.conns, c)
				if g.mute {
					return nil, errors.Join(errors.New("mute"), c.Close())
				}
				return c, nil
			},
			Handlers: map[link.Port]func(context.Context, link.Conn){
				link.PortControl: server.Serve,
				link.PortDocker:  func(_ context.Context, c link.Conn) { docker.serve(c) },
			},
		})
	}()
}

// cut breaks the link, which comes back.
func (g *guest) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

func (g *guest) Watch(ctx context.Context, f func(control.Status) error) error {
	for {
		g.mu.Lock()
		st, changed := g.status, g.changed
		g.mu.Unlock()
		if err := f(st); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *guest) SetTime(context.Context, time.Time) (time.Duration, error) { return 0, nil }

func (g *guest) Logs(ctx context.Context, service string, _ bool, w io.Writer) error {
	if _, err := io.WriteString(w, service+" says hello\n"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (g *guest) Shutdown(context.Context, time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stops++
	if !g.deaf {
		go g.inside.PowerOff()
	}
	return nil
}

func (g *guest) Pulse(context.Context) (time.Time, error) { return time.Now(), nil }

func (g *guest) Quiesce(context.Context, time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.quiet {
		return errors.ErrUnsupported
	}
	g.lain++
	return nil
}

func (g *guest) Rouse(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roused++
	return nil
}

func (g *guest) shutdowns() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stops
}

// docker is a dockerd without containers.
type docker struct{ mux *http.ServeMux }

func fakeDocker() docker {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch base := filepath.Base(r.URL.Path); base {
		case "_ping":
			w.Header().Set("Api-Version", "1.45")
		case "version":
			_, _ = io.WriteString(w, `{"Version":"26.1.5","ApiVersion":"1.45"}`)
		case "events":
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, `[]`)
		}
	})
	return docker{mux}
}

// serve answers one connection.
func (d docker) serve(c net.Conn) {
	l := &one{conn: make(chan net.Conn, 1), done: make(chan struct{})}
	l.conn <- c
	srv := &http.Server{Handler: d.mux, ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed || s == http.StateHijacked {
			_ = l.Close()
		}
	}}
	_ = srv.Serve(l)
}

// one is a listener of one connection.
type one struct {
	conn chan net.Conn
	done chan struct{}
	once sync.Once
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *one) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *one) Addr() net.Addr { return &net.UnixAddr{} }

// orphan makes the present engine's machine one whose daemon was killed.
func (w *world) orphan() {
	w.t.Helper()
	w.awaitKept()
	w.mu.Lock()
	m := w.machine
	w.mu.Unlock()
	w.fake.Orphan(m)
	w.guest.cut()
	w.cancel = nil // it hangs for good, as a killed one would be gone for good
}

// awaitKept waits until the engine has kept its guest image, the last it writes after a start.
func (w *world) awaitKept() {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		if _, err := os.Stat(filepath.Join(w.home.Root(), "images.json")); err == nil {
			return
		} else if time.Now().After(deadline) {
			w.t.Fatal("the guest image is not kept")
		}
	}
}
