package guest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// Config is what a Client is made of.
type Config struct {
	// Dir is a folder of the guest in which the filesystems are mounted; from there they are bound to their paths.
	Dir string
	// Patience is how long operations wait for a host that is away; 0 for DefaultPatience.
	Patience time.Duration
	// Logger may be nil.
	Logger hclog.Logger
}

// DefaultPatience is enough for an update of the daemon, or for its crash and start.
const DefaultPatience = 2 * time.Minute

// Client is the guest's side of all shared folders. Its Serve may be called for any number of connections; the newest one
// is used.
type Client struct {
	cfg Config
	log hclog.Logger

	mu      sync.Mutex
	session *session // nil while the host is away
	epoch   string   // of the newest session
	pending map[uint64]*call
	nextID  uint64
	gaveUp  bool // the host is away for too long
	timer   *time.Timer
	roots   map[string]uint64 // by path, as the host said last
	news    chan struct{}     // closed and replaced with each change of session

	// seq counts what changes attributes: the guest's own changes and the host's, of which told is the newest.
	seq, told atomic.Uint64
	writing   budget
	queue     queue

	mounting sync.Mutex // held while the mounts change
	mountsMu sync.Mutex // of mounts itself
	mounts   map[string]*mount
	ready    chan struct{}
	once     sync.Once
}

// session is a connection that the host has answered on.
type session struct {
	out    *wire.Sender
	epoch  string
	usable bool // the roots are known
}

// call is a request until it is answered.
type call struct {
	q           wire.Request
	node, node2 *node
	reply       wire.Reply
	errno       syscall.Errno
	done        chan struct{}
	again       bool // sent on more than one connection
	then        func(*call)
}

// New makes a Client.
func New(c Config) *Client {
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Client{
		cfg: c, log: log.Named("shares"), pending: map[uint64]*call{}, roots: map[string]uint64{},
		news: make(chan struct{}), mounts: map[string]*mount{}, ready: make(chan struct{}),
	}
}

// Ready is closed when what the host shared first is mounted, or cannot be.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Serve uses a stream to the host until it breaks or ctx ends. It does not close it.
func (c *Client) Serve(ctx context.Context, stream net.Conn) error {
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	s := &session{out: wire.NewSender(stream)}
	hello := wire.Request{Op: wire.OpHello, ID: 1, Flags: wire.Version}
	if err := s.out.Send(hello.Append(nil)); err != nil {
		return err
	}
	h, body, err := wire.ReadFrame(stream, nil)
	if err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	r, err := wire.ParseReply(h, body)
	if err != nil || r.Op != wire.OpHello || r.Errno != 0 {
		return errors.Join(err, fmt.Errorf("host refuses version %d: %w", wire.Version, wire.ErrProtocol))
	}
	s.epoch = string(r.Data)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer c.lost(s)
	for {
		h, body, err := wire.ReadFrame(stream, nil)
		if err != nil {
			return err
		}
		if err := c.take(s, h, body, &wg); err != nil {
			return err
		}
	}
}

// take deals with one frame of the host.
func (c *Client) take(s *session, h wire.Header, body []byte, wg *sync.WaitGroup) error {
	if h.ID != 0 {
		r, err := wire.ParseReply(h, body)
		if err != nil {
			return err
		}
		c.answer(&r)
		return nil
	}
	switch h.Op {
	case wire.OpShares:
		list, err := wire.ParseShares(body)
		if err != nil {
			return err
		}
		c.use(s, list)
		wg.Go(func() { c.mountAll(s, list) })
	case wire.OpEvents:
		list, err := wire.ParseEvents(body)
		if err != nil {
			return err
		}
		c.events(list)
	case wire.OpReset:
		root, err := wire.ParseReset(body)
		if err != nil {
			return err
		}
		c.reset(root)
	}
	return nil
}

// answer ends the call that a reply is for.
func (c *Client) answer(r *wire.Reply) {
	c.mu.Lock()
	k := c.pending[r.ID]
	delete(c.pending, r.ID)
	c.mu.Unlock()
	if k != nil {
		k.reply, k.errno = *r, syscall.Errno(r.Errno)
		k.finish()
	}
}

func (k *call) finish() {
	if k.then != nil {
		k.then(k)
	}
	close(k.done)
}

// use makes a session whose shares are known the one that calls go over, and sends what has waited.
func (c *Client) use(s *session, list []wire.Share) {
	c.mu.Lock()
	c.roots = map[string]uint64{}
	for _, sh := range list {
		c.roots[sh.Path] = sh.Root
	}
	if s.usable {
		c.mu.Unlock()
		return
	}
	s.usable = true
	changed := c.epoch != s.epoch
	c.epoch, c.session, c.gaveUp = s.epoch, s, false
	if c.timer != nil {
		c.timer.Stop()
	}
	waiting := slices.Collect(maps.Values(c.pending))
	for _, k := range waiting {
		k.again = true
	}
	close(c.news)
	c.news = make(chan struct{})
	c.mu.Unlock()
	slices.SortFunc(waiting, func(a, b *call) int { return int(int64(a.q.ID - b.q.ID)) })
	c.log.Debug("host is there", "new_epoch", changed, "waiting", len(waiting))
	go func() {
		for _, k := range waiting {
			c.send(s, k)
		}
	}()
}

// lost ends a session.
func (c *Client) lost(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != s {
		return
	}
	c.session = nil
	close(c.news)
	c.news = make(chan struct{})
	c.timer = time.AfterFunc(c.cfg.Patience, c.giveUp)
	c.reset(0)
}

// giveUp fails all that waits for the host.
func (c *Client) giveUp() {
	c.mu.Lock()
	if c.session != nil {
		c.mu.Unlock()
		return
	}
	c.gaveUp = true
	waiting := slices.Collect(maps.Values(c.pending))
	clear(c.pending)
	c.mu.Unlock()
	c.log.Warn("host is away for too long", "waiting", len(waiting))
	for _, k := range waiting {
		k.errno = syscall.EIO
		k.finish()
	}
}

// begin sends a call, now or when the host is there again. then is called with its end, before done is closed; it must not
// wait.
func (c *Client) begin(q *wire.Request, n, n2 *node, then func(*call)) *call {
	k := &call{q: *q, node: n, node2: n2, done: make(chan struct{}), then: then}
	c.mu.Lock()
	c.nextID++
	k.q.ID = c.nextID
	s := c.session
	if c.gaveUp {
		c.mu.Unlock()
		k.errno = syscall.EIO
		k.finish()
		return k
	}
	c.pending[k.q.ID] = k
	c.mu.Unlock()
	if s != nil {
		c.send(s, k)
	}
	return k
}

// send sends a call on a session; it stays pending if that breaks.
func (c *Client) send(s *session, k *call) {
	q := k.q // its own: a session that breaks, and the one after it, may both be sending the call
	if errno := c.attach(s, k.node, &q.Node); errno != 0 {
		c.fail(s, k, errno)
		return
	}
	if k.node2 != nil {
		if errno := c.attach(s, k.node2, &q.Node2); errno != 0 {
			c.fail(s, k, errno)
			return
		}
	}
	if len(q.Data) > 4096 { // if it breaks, it is sent again
		_ = s.out.Send(q.AppendHead(nil), q.Data)
	} else {
		_ = s.out.Send(q.Append(nil))
	}
}

// fail ends a call whose node cannot be found again, unless the session is over.
func (c *Client) fail(s *session, k *call, errno syscall.Errno) {
	c.mu.Lock()
	if c.session != s || c.pending[k.q.ID] != k {
		c.mu.Unlock()
		return
	}
	delete(c.pending, k.q.ID)
	c.mu.Unlock()
	k.errno = errno
	k.finish()
}

// call sends a request and waits for its reply. A process that is interrupted while the host is away gets EINTR.
func (c *Client) call(cancel <-chan struct{}, q *wire.Request, n, n2 *node) (*wire.Reply, syscall.Errno) {
	k := c.begin(q, n, n2, nil)
	for {
		c.mu.Lock()
		away, news := c.session == nil, c.news
		c.mu.Unlock()
		interrupted := cancel
		if !away {
			interrupted = nil
		}
		select {
		case <-k.done:
			if k.again && k.errno != 0 {
				return c.forgive(cancel, k)
			}
			return &k.reply, k.errno
		case <-news:
		case <-interrupted:
			return &k.reply, syscall.EINTR
		}
	}
}
