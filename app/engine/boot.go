package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/logfile"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/vmhost"
)

// boot starts the machine, or takes over the one that runs, and returns when docker answers.
func (s *session) boot() error {
	s.plan.network = s.planNetwork()
	s.plan.spec = makeSpec(s.plan.settings, s.plan.image, s.cfg.Home.DataDisk(), s.cfg.Home.VM(), s.cfg.Home.Log(app.LogKernel))
	s.plan.spec.Cmdline += s.plan.network.Cmdline()
	if err := s.takeOver(); err != nil {
		return err
	}
	s.taken()
	guest, err := s.bringUp()
	for attempt := 1; errors.Is(err, errDied) && attempt < bootAttempts; attempt++ {
		s.log.Warn("the guest died before its agent ran; booting again", "attempt", attempt, "error", err)
		s.unwind()
		s.machine, s.link, s.agent = nil, nil, nil
		guest, err = s.bringUp()
	}
	if err != nil {
		return err
	}
	if s.cfg.Rescue {
		s.report(evReady, nil)
		return nil
	}
	if err := s.stage(s.life, "docker", "starting docker", s.cfg.Deadlines.Docker, guest.waitDocker); err != nil {
		return err
	}
	if err := s.rouse(); err != nil {
		return err
	}
	return s.publishDocker()
}

// bootAttempts is how often a machine is started whose guest dies before its agent runs. Nothing has been written then, and
// QEMU's software emulation lets about one kernel in fifty die in that time (docs/guest.md).
const bootAttempts = 3

// errDied says that a machine ended before its agent answered.
var errDied = errors.New("it died while booting")

// bringUp starts a machine, unless one was taken over, and waits until its agent answers.
func (s *session) bringUp() (*guest, error) {
	if s.machine == nil {
		if err := s.launch(); err != nil {
			return nil, err
		}
	}
	set, img := s.plan.settings, s.plan.image
	s.report(evLaunched, func(snap *app.Snapshot) {
		snap.Driver, snap.Accel = s.plan.driver.Name(), s.info.Accel
		snap.VM = app.VM{PID: s.info.PID, CPUs: set.CPUs, MemoryBytes: set.Memory, DiskBytes: set.Disk, Kernel: img.Manifest.KernelRelease, Image: img.Manifest.Agent}
	})
	s.connect()
	s.watchPauses()
	guest := s.watchGuest()
	err := s.stage(s.life, "agent", "booting Linux", s.cfg.Deadlines.Boot, guest.waitLinked)
	if err != nil {
		select {
		case <-s.machine.Done():
			err = errors.Join(err, errDied)
		default:
		}
	}
	return guest, err
}

// takeOver makes a machine that an earlier daemon left running this session's, with the settings and the image that it has.
// One that does not answer is ended; the disks' journals make up for that. Nothing may touch the data disk before it.
func (s *session) takeOver() error {
	a, ok := s.plan.driver.(vmhost.Adopter)
	if !ok {
		return nil
	}
	if _, err := a.Find(s.life, s.plan.spec.Dir); errors.Is(err, vmhost.ErrNoMachine) {
		return nil
	}
	wanted := s.plan.spec
	if err := s.asItRuns(a); err != nil {
		return err
	}
	return s.stage(s.life, "adopt", "taking over the running machine", 0, func(ctx context.Context) error {
		err := s.adopt(ctx, a)
		if err == nil {
			s.log.Info("took over the running machine", "pid", s.info.PID)
			s.different(wanted)
			return nil
		}
		s.plan.spec = wanted
		s.log.Warn("machine left by an earlier daemon is ended", "error", err)
		return a.Discard(ctx, s.plan.spec.Dir)
	})
}

// adopt takes over a machine if its agent answers.
func (s *session) adopt(ctx context.Context, a vmhost.Adopter) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Deadlines.Adopt)
	defer cancel()
	m, err := a.Adopt(ctx, s.plan.spec)
	if err != nil {
		return err
	}
	if s.info, err = m.Start(ctx); err != nil {
		return err
	}
	l, stop := s.openLink(m)
	if err := up(ctx, l, m); err != nil {
		stop()
		return err
	}
	s.later(stop)
	s.machine, s.link, s.adopted = m, l, true
	return nil
}

// openLink runs the link to a machine's agent until stop is called.
func (s *session) openLink(m vmhost.Machine) (l *link.Client, stop func()) {
	l = link.NewClient(link.Config{Open: func(ctx context.Context) (net.Conn, error) {
		conn, err := m.Open(ctx, vmhost.ChannelLink)
		if err == nil {
			s.mu.Lock()
			s.linkConn = conn
			s.mu.Unlock()
		}
		return conn, err
	}, Logger: s.log})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Run(ctx) // ends with ctx only
	}()
	return l, func() { cancel(); <-done }
}

// up waits until the agent of a machine has answered on its link.
func up(ctx context.Context, l *link.Client, m vmhost.Machine) error {
	states, stop := l.Watch()
	defer stop()
	for {
		select {
		case st := <-states:
			if st.Up {
				return nil
			}
		case <-m.Done():
			return errors.New("it is gone")
		case <-ctx.Done():
			return errors.New("its agent does not answer")
		}
	}
}

// launch prepares the data disk and starts a new machine.
func (s *session) launch() error {
	err := s.stage(s.life, "disk", "preparing the data disk", 0, func(context.Context) error {
		return prepareDisk(s.cfg.Home.DataDisk(), s.plan.settings.Disk)
	})
	if err != nil {
		return err
	}
	return s.stage(s.life, "vm", "starting the virtual machine", 0, func(ctx context.Context) error {
		m, err := s.resume(ctx)
		if m == nil {
			s.dropQuick()
		}
		if m != nil || err != nil {
			s.machine, s.adopted = m, m != nil
			return err
		}
		if err := s.verify(ctx); err != nil {
			return err
		}
		if m, err = s.plan.driver.Create(ctx, s.plan.spec); err != nil {
			return err
		}
		if s.info, err = m.Start(ctx); err != nil {
			return err
		}
		s.machine = m
		s.noteImage()
		return nil
	})
}

// connect opens the streams to the guest: the link, and the other end of its network card.
func (s *session) connect() {
	if s.link == nil {
		l, stop := s.openLink(s.machine)
		s.later(stop)
		s.link = l
	}
	s.agent = control.NewClient(s.link)
	s.later(func() { _ = s.agent.Close() })
	s.shareFolders()
	network, err := s.newNetwork()
	if err != nil {
		s.log.Error("containers have no network", "error", err)
		s.report("", func(snap *app.Snapshot) {
			snap.Warnings = append(snap.Warnings, *app.InfoOf(fmt.Errorf("containers have no network: %w", err)))
		})
		return
	}
	s.network = network
	s.task("network", func(ctx context.Context) error {
		return again(ctx, func(ctx context.Context) error {
			conn, err := s.machine.Open(ctx, vmhost.ChannelNetwork)
			if err != nil {
				return err
			}
			return network.Serve(ctx, conn)
		})
	})
	logs := logfile.NewWriter(s.cfg.Home.Log(app.LogEngine))
	s.later(func() { _ = logs.Close() })
	if err := logs.Rotate(); err != nil {
		s.log.Warn("begin a new log of the engine", "error", err)
	}
	for _, service := range []string{control.ServiceDockerd, control.ServiceContainerd} {
		s.task("log of "+service, func(ctx context.Context) error { return s.mirrorLog(ctx, service, logs) })
	}
}

// again runs f whenever it has ended, with a pause, until ctx does.
func again(ctx context.Context, f func(context.Context) error) error {
	const pause = 200 * time.Millisecond
	for {
		err := f(ctx)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// serve stays until the machine is gone, which is an error, or the session has to end.
func (s *session) serve() error {
	naps := s.naps()
	for {
		select {
		case <-s.life.Done():
			return nil
		case <-s.machine.Done():
			return s.gone()
		case <-naps.due():
			if s.nap(naps) {
				return nil
			}
		}
	}
}

// gone says why the machine ended by itself.
func (s *session) gone() error {
	err := s.machine.Err()
	if err == nil {
		err = errors.New("the guest has powered itself off")
	} else {
		err = crash{err}
	}
	return app.Errorf("run `wherry start`; see `wherry logs kernel`", "the virtual machine ended: %w", err)
}
