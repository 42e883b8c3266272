package engine_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/linuxvm/control"
)

// TestRacesOfClientsAndFailures has clients want different things at once, while the machine is killed, the link cut and docker
// goes. Each call ends, the state comes to rest, and a start is all it takes then. The same with a real machine is TestChaos.
func TestRacesOfClientsAndFailures(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t)
			w.guest.quiet = true
			w.reboots = 100
			w.build(engine.Deadlines{Boot: 3 * time.Second, Docker: 3 * time.Second, Containers: 200 * time.Millisecond, PowerOff: 200 * time.Millisecond, Adopt: time.Second})
			w.run()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			var wg sync.WaitGroup
			for client := range uint64(5) {
				r := rand.New(rand.NewPCG(seed, client))
				wg.Go(func() {
					for range 6 {
						w.want(ctx, r.IntN(6))
					}
				})
			}
			r := rand.New(rand.NewPCG(seed, 99))
			wg.Go(func() {
				for range 8 {
					w.harm(r.IntN(3))
				}
			})
			wg.Wait()
			if ctx.Err() != nil {
				t.Fatal("a call did not end")
			}
			w.guest.set(func(s *control.Status) { s.DockerReady = true })
			w.until("at rest", func(s app.Snapshot) bool { return !s.State.Busy() })
			start, end := context.WithTimeout(t.Context(), 20*time.Second)
			defer end()
			if err := w.engine.Start(start); err != nil {
				t.Fatalf("start: %v", err)
			}
			w.until("running", is(app.StateRunning))
			w.served()
		})
	}
}

// served asks docker until it answers: the last harm may show only now.
func (w *world) served() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		c, err := localsock.Dial(ctx, w.home.DockerSocket())
		if err != nil {
			continue
		}
		_, _ = io.WriteString(c, "GET /version HTTP/1.0\r\n\r\n")
		b, err := io.ReadAll(c)
		_ = c.Close()
		if err == nil && strings.Contains(string(b), "26.1.5") {
			return
		}
	}
	w.t.Error("docker does not answer")
}

// want is a call of one client, whose outcome is its own affair.
func (w *world) want(ctx context.Context, n int) {
	switch n {
	case 0, 1:
		_ = w.engine.Start(ctx)
	case 2:
		_ = w.engine.Stop(ctx, app.StopClean)
	case 3:
		_ = w.engine.Stop(ctx, app.StopSuspend)
	case 4:
		_ = w.engine.Stop(ctx, app.StopForce)
	case 5: // one who does not wait
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_ = w.engine.Start(ctx)
	}
}

// harm is something that goes wrong while the engine runs, if it does within a moment.
func (w *world) harm(n int) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 200*time.Millisecond)
	defer cancel()
	_ = w.engine.Watch(ctx, func(s app.Snapshot) error {
		if s.State == app.StateRunning {
			return errFound
		}
		return nil
	})
	switch n {
	case 0:
		w.fake.Kill(w.home.VM())
	case 1:
		w.guest.cut()
	case 2:
		w.guest.set(func(s *control.Status) { s.DockerReady = false })
		w.guest.set(func(s *control.Status) { s.DockerReady = true })
	}
}
