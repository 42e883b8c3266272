package pid1

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// A process is one run of a service's program.
type process struct {
	pid int
	// ready is closed when the program says that it is ready.
	ready <-chan struct{}
	// exited gets how the program ended, once; nil means with status 0.
	exited <-chan error
	// terminate asks the program to end, kill ends it.
	terminate, kill func()
}

// A service is a program that is kept running.
type service struct {
	name string
	// start starts the program.
	start func() (*process, error)
	// needs are closed when what it needs is there.
	needs []<-chan struct{}
	// onReady is told when the program is ready (true) and when it is not any more.
	onReady func(bool)
	// renew gets a request to end the program and start it again at once. It may be nil.
	renew <-chan renewal
	board *board
	log   hclog.Logger

	state   control.Service
	backoff backoff
}

// A renewal asks for another run of a program that runs: it is asked to end and, when kill is closed before it has, killed.
type renewal struct{ kill <-chan struct{} }

// How one run of a program ended.
type ending int

const (
	endedItself ending = iota
	endedStopped
	endedRenewed
)

// run keeps the program running until stop is closed; it then asks it to end and, when kill is closed before it has,
// kills it. It returns when the program is gone.
func (s *service) run(stop, kill <-chan struct{}) {
	s.state.Name = s.name
	s.set(control.ServiceWaiting)
	defer s.set(control.ServiceStopped)
	for _, need := range s.needs {
		select {
		case <-need:
		case <-stop:
			return
		}
	}
	for {
		began := time.Now()
		s.state.Error = ""
		switch s.once(stop, kill) {
		case endedStopped:
			return
		case endedRenewed:
			continue
		case endedItself:
		}
		s.set(control.ServiceBackoff)
		pause := s.backoff.after(time.Since(began))
		s.log.Warn("service ended", "service", s.name, "error", s.state.Error, "pause", pause)
		select {
		case <-time.After(pause):
		case <-stop:
			return
		}
		s.state.Restarts++
	}
}

// once runs the program and reports how that ended.
func (s *service) once(stop, kill <-chan struct{}) (how ending) {
	p, err := s.start()
	if err != nil {
		s.state.Error = fmt.Sprintf("start: %v", err)
		return endedItself
	}
	began := time.Now()
	end := s.board.stageOnce(s.name)
	s.state.PID = p.pid
	s.set(control.ServiceStarting)
	defer func() {
		s.state.PID = 0
		s.onReady(false)
	}()
	ready, renew := p.ready, s.renew
	var killRenewed <-chan struct{}
	for {
		select {
		case <-ready:
			ready = nil
			end()
			s.log.Info("service is ready", "service", s.name, "after", time.Since(began).Round(time.Millisecond))
			s.set(control.ServiceReady)
			s.onReady(true)
		case err := <-p.exited:
			if how == endedItself {
				s.state.Error = exitText(err)
			}
			return how
		case <-stop:
			stop, how = nil, endedStopped
			p.terminate()
		case <-kill:
			kill = nil
			p.kill()
		case r := <-renew:
			renew, killRenewed = nil, r.kill
			if how == endedItself {
				how = endedRenewed
				p.terminate()
			}
		case <-killRenewed:
			killRenewed = nil
			p.kill()
		}
	}
}

func (s *service) set(state control.ServiceState) {
	s.state.State = state
	s.board.service(s.state)
}

func exitText(err error) string {
	if err == nil {
		return "ended by itself"
	}
	return err.Error()
}

// stageOnce is stage for the first run of a service, and nothing for later ones.
func (b *board) stageOnce(name string) (end func()) {
	status, _ := b.snapshot()
	for _, stage := range status.Stages {
		if stage.Name == name {
			return func() {}
		}
	}
	return b.stage(name)
}
