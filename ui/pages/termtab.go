package pages

import (
	"context"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/kit"
)

// termTab is a terminal in a container. It is opened when it is first seen and can be opened again when it has ended.
type termTab struct {
	env    Env
	inside Inside
	id     string
	box    *fyne.Container
	view   *termView
	notice *kit.Notice
	empty  *kit.Empty
	up     bool // the container runs
	open   bool // a shell runs
	ended  bool // a shell ended while the container ran
	cancel context.CancelFunc
	fresh  *soon

	in  *queue // typed, on its way to the shell
	out *queue // written by the shell, on its way to the screen

	mu   sync.Mutex
	size [2]int // wanted by the screen
	move chan struct{}
}

func newTermTab(env Env, inside Inside, id string) *termTab {
	t := &termTab{env: env, inside: inside, id: id, notice: kit.NewNotice(env.Copy), in: newQueue(), out: newQueue(), cancel: func() {}, move: make(chan struct{}, 1)}
	t.fresh = newSoon(env.Post, func() {
		if b := t.out.take(); len(b) > 0 {
			t.view.Feed(b)
		}
	})
	t.view = newTermView(func(b []byte) { t.in.put(b) })
	t.view.copy = env.Copy
	t.view.paste = func() string { return fyne.CurrentApp().Clipboard().Content() }
	t.view.resized = func(cols, rows int) {
		t.mu.Lock()
		t.size = [2]int{cols, rows}
		t.mu.Unlock()
		select {
		case t.move <- struct{}{}:
		default:
		}
		t.start()
	}
	t.empty = kit.NewEmpty("terminal", "", "", "", nil)
	t.box = container.NewBorder(t.notice.Box, nil, nil, nil, container.NewStack(t.view, t.empty.Box))
	return t
}

// running says whether the container runs.
func (t *termTab) running(up bool) {
	if !up {
		t.ended = false
	}
	t.up = up
	t.start()
	t.show()
}

func (t *termTab) show() {
	kit.Visible(t.view, t.open)
	kit.Visible(t.empty.Box, !t.open)
	if t.up {
		t.empty.Set("The shell has ended", "", "Open another", func() { t.notice.Box.Hide(); t.ended = false; t.start() })
	} else {
		t.empty.Set("The container does not run", "Start it to open a terminal in it.", "", nil)
	}
}

func (t *termTab) focus() {
	if t.open {
		t.env.Window.Canvas().Focus(t.view)
	}
}

// start opens a shell once the screen's size is known.
func (t *termTab) start() {
	t.mu.Lock()
	size := t.size
	t.mu.Unlock()
	if t.open || t.ended || !t.up || size[0] == 0 && t.view.Size().Width == 0 {
		return
	}
	if size[0] == 0 {
		size[0], size[1] = t.view.screen.Size()
	}
	t.open = true
	t.in.take()
	t.view.Feed([]byte("\x1bc"))
	t.show()
	t.focus()
	t.cancel = t.env.Go(func(ctx context.Context) error {
		conn, err := t.inside.Open(ctx, t.id, size[0], size[1])
		if err != nil {
			return err
		}
		return t.carry(ctx, conn)
	}, func(err error) {
		t.open, t.ended = false, true
		report(t.notice, err)
		t.show()
	})
}

// carry moves bytes both ways until the shell ends or ctx does.
func (t *termTab) carry(ctx context.Context, conn *dock.Terminal) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.in.ready:
				if _, err := conn.Write(t.in.take()); err != nil {
					return
				}
			case <-t.move:
				t.mu.Lock()
				size := t.size
				t.mu.Unlock()
				_ = conn.Resize(ctx, size[0], size[1]) // the shell draws for the old size, nothing worse
			}
		}
	})
	buf := make([]byte, 32<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			t.out.put(append([]byte(nil), buf[:n]...))
			t.fresh.poke()
			t.out.wait(ctx, 1<<20)
		}
		if err != nil {
			return nil // the shell has ended, or the connection: the screen says so either way
		}
	}
}

func (t *termTab) close() { t.cancel() }

// queue hands bytes from one goroutine to another.
type queue struct {
	ready chan struct{} // gets a value when there is something to take
	taken chan struct{} // gets a value when something was taken
	mu    sync.Mutex
	buf   []byte
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

func (q *queue) put(b []byte) {
	q.mu.Lock()
	q.buf = append(q.buf, b...)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

func (q *queue) take() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buf
	q.buf = nil
	select {
	case q.taken <- struct{}{}:
	default:
	}
	return b
}

// wait returns when less than limit is waiting or ctx has ended, so that a chatty program does not fill the memory.
func (q *queue) wait(ctx context.Context, limit int) {
	for {
		q.mu.Lock()
		n := len(q.buf)
		q.mu.Unlock()
		if n < limit {
			return
		}
		select {
		case <-q.taken:
		case <-ctx.Done():
			return
		}
	}
}
