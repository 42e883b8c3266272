package engine

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/forwarder/dockersock"
	"github.com/wherry-app/wherry/forwarder/ports"
	"github.com/wherry-app/wherry/linuxvm/link"
)

// front is what the host offers of docker: its socket and the published ports. It belongs to the engine and not to one of
// its sessions, so it stays open while the machine is saved, or is being started again after a crash: who connects then
// waits, and wakes a saved machine. All methods may be called concurrently.
type front struct {
	e   *Engine
	log hclog.Logger

	opening sync.Mutex // held while it is opened or closed

	mu     sync.Mutex
	stall  *stall
	sess   *session      // docker answers in it; nil while clients have to wait
	asleep bool          // the next client wakes the machine
	moved  chan struct{} // closed and replaced when one of the above changes
	active int           // clients who keep the machine awake
	used   time.Time     // when the last of them left
}

// stall is an open front.
type stall struct {
	manager *ports.Manager
	naming  *naming // nil where names are switched off
	second  sync.WaitGroup
	cancel  context.CancelFunc
	done    chan struct{} // closed when the docker socket is closed
}

func newFront(e *Engine) *front {
	return &front{e: e, log: e.log.Named("front"), moved: make(chan struct{})}
}

// errClosed says that the engine offers nothing to wait for.
var errClosed = errors.New("the engine is not running")

// move changes the state and wakes all who wait for that.
func (f *front) move(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.moved)
	f.moved = make(chan struct{})
}

// offer opens the front unless it is open. Clients wait until serve.
func (f *front) offer() error {
	f.opening.Lock()
	defer f.opening.Unlock()
	if f.shop() != nil {
		return nil
	}
	l, err := localsock.Listen(f.e.cfg.Home.DockerSocket())
	if err != nil {
		return err
	}
	set, err := f.e.Settings(context.Background())
	if err != nil {
		_ = l.Close()
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	st := &stall{
		manager: ports.NewManager(ports.Config{
			Dial: f.dialContainer, BindAll: set.Bind == app.BindAll, Patience: wakePatience, Logger: f.e.log,
		}),
		cancel: cancel, done: make(chan struct{}),
	}
	st.naming = f.newNaming(set)
	proxy := f.proxy(l, nil)
	go func() {
		defer close(st.done)
		if err := proxy.Run(ctx); err != nil {
			f.log.Error("docker socket", "error", err)
		}
	}()
	f.offerSecond(ctx, st, set)
	f.move(func() { f.stall = st })
	return nil
}

// proxy is a docker socket's; record, which may be nil, is told of each call.
func (f *front) proxy(l net.Listener, record func(dockersock.Call)) *dockersock.Proxy {
	binds, env := f.e.binds(), f.e.proxyEnv()
	return dockersock.New(dockersock.Config{
		Listener: l,
		Enter:    f.enter,
		Dial: func(ctx context.Context) (net.Conn, error) {
			s, err := f.ready(ctx)
			if err != nil {
				return nil, err
			}
			return s.link.Dial(ctx, link.PortDocker)
		},
		Create: func(ctx context.Context, body []byte) ([]byte, error) {
			body, err := binds.Create(ctx, body)
			if err != nil {
				return nil, err
			}
			return env.Create(ctx, body)
		},
		Build:   env.Build,
		Volume:  binds.Volume,
		Service: binds.Service,
		Started: func(ctx context.Context, container string) error {
			s, err := f.ready(ctx)
			if err != nil {
				return nil //nolint:nilerr // its container is gone with it
			}
			return s.published.settle(ctx, container)
		},
		Refused: f.refused,
		Record:  record,
		Logger:  f.e.log,
	})
}

// serve lets clients into a session.
func (f *front) serve(s *session) { f.move(func() { f.sess, f.asleep, f.used = s, false, time.Now() }) }

// pause makes new clients wait.
func (f *front) pause() { f.move(func() { f.sess = nil }) }

// pauseIfIdle is pause if nobody keeps the machine awake, and says whether it is.
func (f *front) pauseIfIdle() bool {
	idle := false
	f.move(func() {
		if idle = f.active == 0; idle {
			f.sess = nil
		}
	})
	return idle
}

// sleep makes the next client wake the engine.
func (f *front) sleep() { f.move(func() { f.sess, f.asleep = nil, true }) }

// withdraw closes the front, hangs up on its clients and waits for them.
func (f *front) withdraw() {
	f.opening.Lock()
	defer f.opening.Unlock()
	st := f.shop()
	f.move(func() { f.stall, f.sess, f.asleep = nil, nil, false })
	if st == nil {
		return
	}
	st.cancel()
	_ = st.manager.Close()
	st.naming.close()
	<-st.done
	st.second.Wait()
}

func (f *front) shop() *stall {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stall
}

// ready waits for a session in which docker answers, and wakes a saved machine.
func (f *front) ready(ctx context.Context) (*session, error) {
	for {
		f.mu.Lock()
		s, moved, open, wake := f.sess, f.moved, f.stall != nil, f.asleep
		f.asleep = false
		f.mu.Unlock()
		switch {
		case s != nil:
			return s, nil
		case !open:
			return nil, errClosed
		case wake:
			f.log.Info("a client wakes the engine")
			go func() {
				if err := f.e.Start(context.Background()); err != nil {
					f.log.Warn("wake", "error", err)
				}
			}()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// hold keeps the machine awake until release is called.
func (f *front) hold() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active++
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.active--
		f.used = time.Now()
	})
}

// idleSince says since when nobody keeps the machine awake; false if somebody does.
func (f *front) idleSince() (time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used, f.active == 0
}

// onlooker is how the desktop app calls itself: it asks all the time, and that is no use of docker.
const onlooker = "wherry-desktop"

// looksOn says whether a request is none that keeps a machine awake, or wakes one.
func looksOn(r *http.Request) bool {
	return r != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.UserAgent() == onlooker
}

// enter lets a client of the docker socket in when docker answers. Onlookers do not wait for that.
func (f *front) enter(ctx context.Context, first *http.Request) (*dockersock.Visit, error) {
	if looksOn(first) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.sess == nil {
			return nil, notAwake{}
		}
		return f.visit(func() {}), nil
	}
	release := f.hold()
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	if _, err := f.ready(ctx); err != nil {
		release()
		return nil, app.Errorf("see `wherry status`", "docker does not answer: %w", err)
	}
	return f.visit(release), nil
}

// visit is a client's, which keeps the machine awake until it only looks on, or leaves; then release is called.
func (f *front) visit(release func()) *dockersock.Visit {
	return &dockersock.Visit{
		Asked: func(r *http.Request) {
			release()
			release = func() {}
			if !looksOn(r) {
				release = f.hold()
			}
		},
		Leave: func() { release() },
	}
}

// notAwake is what an onlooker is told.
type notAwake struct{}

func (notAwake) Error() string {
	return "the engine is asleep or on its way; looking on does not wake it: `wherry start` does"
}

func (notAwake) StatusCode() int { return http.StatusServiceUnavailable }

const (
	// wakePatience is how long a client waits for a machine to wake, and for one that boots because it could not.
	wakePatience = 3 * time.Minute
	// containerPatience is how long it waits for the container then.
	containerPatience = 10 * time.Second
)

// dialContainer connects a client of a published port.
func (f *front) dialContainer(ctx context.Context, network, address string) (net.Conn, error) {
	defer f.hold()() // from there on the connection counts, see traffic
	s, err := f.ready(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, containerPatience)
	defer cancel()
	return s.dialContainer(ctx, network, address)
}

// apply makes rules those of the published ports, and returns them as the user sees them.
func (f *front) apply(rules []ports.Rule) []app.Port {
	st := f.shop()
	if st == nil {
		return []app.Port{}
	}
	st.yield(f, rules)
	return portList(st.manager.Apply(rules))
}

// bindAll says where ports that were published on no address are to answer, and returns all as the user sees them.
func (f *front) bindAll(all bool) []app.Port {
	st := f.shop()
	if st == nil {
		return []app.Port{}
	}
	return portList(st.manager.BindAll(all))
}

// failed is why a container's ports are not published; nil if they are.
func (f *front) failed(container string) error {
	if st := f.shop(); st != nil {
		return st.manager.Failed(container)
	}
	return nil
}

// traffic is how many clients of published ports there are, and how many bytes have ever passed.
func (f *front) traffic() (clients int, bytes int64) {
	st := f.shop()
	if st == nil {
		return 0, 0
	}
	for _, p := range st.manager.Status() {
		clients += p.Conns
		bytes += p.BytesIn + p.BytesOut
	}
	return clients, bytes
}
