package server

import (
	"container/list"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// Share is a folder of the host that the guest gets to see.
type Share struct {
	// HostPath is an absolute path on the host; links in it are followed, once.
	HostPath string
	// GuestPath is where the guest mounts it: absolute, with slashes, clean.
	GuestPath string
	ReadOnly  bool
}

// Config is what a Server is made of.
type Config struct {
	// Handles is how many files and folders are kept open for what comes next; 0 for a number that suits the process.
	Handles int
	// Logger may be nil.
	Logger hclog.Logger
}

// Server serves shared folders to one guest, over any number of connections one after the other.
type Server struct {
	log     hclog.Logger
	epoch   [16]byte
	handles int

	mu      sync.Mutex
	wanted  []Share
	failed  map[Share]error
	shares  []*share
	nodes   map[uint64]*node
	known   map[identity]*node
	next    uint64
	open    *list.List // of *handle, the least recently used first
	conn    *conn      // the newest
	mounted map[string]string
	w       watching
	changed chan struct{} // closed and replaced when what States says changes
}

// share is a Share while it is served.
type share struct {
	Share
	root *node
	top  folder
}

// New makes a Server with nothing shared.
func New(c Config) *Server {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	s := &Server{
		log: log.Named("shares"), handles: c.Handles, nodes: map[uint64]*node{}, known: map[identity]*node{}, open: list.New(),
		mounted: map[string]string{}, changed: make(chan struct{}),
	}
	if s.handles == 0 {
		s.handles = defaultHandles()
	}
	rand.Read(s.epoch[:])
	// Numbers of one epoch mean nothing in another, so they begin elsewhere.
	s.next = uint64(binary.LittleEndian.Uint32(s.epoch[:])) << 20
	return s
}

// SetShares makes shares all that is shared, at once and while the guest runs. Folders that cannot be opened are left out;
// the error names them all.
func (s *Server) SetShares(shares []Share) error {
	var errs []error
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = map[Share]error{}
	var now []*share
	for _, want := range shares {
		if had := s.find(want); had != nil {
			now = append(now, had)
			continue
		}
		sh, err := s.openShare(want)
		if err != nil {
			s.failed[want] = fmt.Errorf("open %q: %w", want.HostPath, err)
			errs = append(errs, s.failed[want])
			continue
		}
		now = append(now, sh)
	}
	for _, had := range s.shares {
		if !slices.Contains(now, had) {
			s.dropShare(had)
		}
	}
	s.shares, s.wanted = now, slices.Clone(shares)
	s.announce()
	s.tell()
	return errors.Join(errs...)
}

func (s *Server) find(want Share) *share {
	for _, sh := range s.shares {
		if sh.Share == want {
			return sh
		}
	}
	return nil
}

func (s *Server) openShare(want Share) (*share, error) {
	top, err := openRoot(want.HostPath)
	if err != nil {
		return nil, err
	}
	i, err := top.self()
	if err != nil {
		top.close()
		return nil, err
	}
	sh := &share{Share: want, top: top}
	sh.root = s.newNode(sh, nil, "", &i)
	sh.root.refs = 1
	return sh, nil
}

// dropShare forgets all of a share.
func (s *Server) dropShare(sh *share) {
	for _, n := range s.nodes {
		if n.share == sh {
			s.forgetNode(n)
		}
	}
	sh.top.close()
}

// announce tells the guest what is shared.
func (s *Server) announce() {
	if s.conn != nil {
		s.conn.notify(wire.AppendShares(nil, s.list()))
	}
}

func (s *Server) list() []wire.Share {
	var out []wire.Share
	for _, sh := range s.shares {
		out = append(out, wire.Share{Root: sh.root.id, Path: sh.GuestPath, ReadOnly: sh.ReadOnly})
	}
	return out
}

// conn is one connection with the guest.
type conn struct {
	*Server
	out  *wire.Sender
	slot chan struct{} // of requests at work
	wg   sync.WaitGroup
}

// atOnce is how many requests are worked on at the same time.
const atOnce = 64

// Serve serves a guest on a stream until it ends, which is an error but io.EOF, or ctx does. It closes the stream.
func (s *Server) Serve(ctx context.Context, stream net.Conn) error {
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	defer stream.Close()
	c := &conn{Server: s, out: wire.NewSender(stream), slot: make(chan struct{}, atOnce)}
	defer func() {
		s.mu.Lock()
		if s.conn == c {
			s.conn = nil
			clear(s.mounted)
			s.tell()
		}
		s.mu.Unlock()
		c.wg.Wait()
	}()
	for {
		h, body, err := wire.ReadFrame(stream, nil)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return fmt.Errorf("read request: %w", err)
		}
		q, err := wire.ParseRequest(h, body)
		if err != nil {
			return err
		}
		if err := c.take(&q); err != nil {
			return err
		}
	}
}

// take has a request worked on, in its turn.
func (c *conn) take(q *wire.Request) error {
	switch q.Op {
	case wire.OpHello:
		return c.hello(q)
	case wire.OpForget:
		if err := wire.Forgets(q.Data, c.forget); err != nil {
			return err
		}
		c.reply(&wire.Reply{Op: q.Op, ID: q.ID})
		return nil
	case wire.OpMounted:
		c.setMounted(q.Data)
		c.reply(&wire.Reply{Op: q.Op, ID: q.ID})
		return nil
	}
	wait, done := c.turn(q)
	c.slot <- struct{}{}
	c.wg.Go(func() {
		defer func() { <-c.slot }()
		if wait != nil {
			<-wait
		}
		r := wire.Reply{Op: q.Op, ID: q.ID}
		err := c.do(q, &r)
		if err != nil {
			r.Errno = errno(err)
			if r.Errno == eio {
				c.log.Warn("request failed", "op", q.Op, "error", err)
			}
		}
		c.reply(&r)
		if done != nil { // only now: replies to changes of one file are in their order
			close(done)
		}
	})
	return nil
}

// turn keeps the order of the changes to one file: wait is for the one before, done to be closed after this one.
func (s *Server) turn(q *wire.Request) (wait <-chan struct{}, done chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[q.Node]
	if n == nil {
		return nil, nil
	}
	switch q.Op {
	case wire.OpWrite, wire.OpSetAttr, wire.OpFallocate:
		wait = n.tail
		done = make(chan struct{})
		n.tail = done
	case wire.OpRead, wire.OpGetAttr, wire.OpFsync, wire.OpSeek:
		wait = n.tail
	}
	return wait, done
}

func (c *conn) reply(r *wire.Reply) {
	if r.Errno != 0 {
		r.Data = nil
	}
	if len(r.Data) > 4096 {
		_ = c.out.Send(r.AppendHead(nil), r.Data) // the reader learns of a broken stream
		return
	}
	_ = c.out.Send(r.Append(nil))
}

func (c *conn) notify(frame []byte) { _ = c.out.Send(frame) }

// hello begins a connection: the reply has the epoch in which node numbers hold, and a notice of the shares follows.
func (c *conn) hello(q *wire.Request) error {
	r := wire.Reply{Op: q.Op, ID: q.ID, Data: c.epoch[:]}
	if q.Flags != wire.Version {
		r.Errno = eproto
		c.reply(&r)
		return fmt.Errorf("guest speaks version %d, not %d: %w", q.Flags, wire.Version, wire.ErrProtocol)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Server.conn = c
	c.reply(&r)
	c.announce()
	return nil
}
