package pid1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/linuxvm/pid1/initrd"
	"github.com/wherry-app/wherry/linuxvm/pid1/kmod"
)

// A Handler serves the streams that the host opens to a port; it owns the stream.
type Handler = func(ctx context.Context, c link.Conn)

// Config is what the agent is given by its main.
type Config struct {
	// Version of the agent.
	Version string
	// Join copies between two connections both ways and closes them, keeping half-closes.
	Join func(ctx context.Context, a, b net.Conn) error
	// Folders is closed when the shared folders are mounted: containers that come up with docker want them. Docker does not
	// wait for longer than foldersGrace; nil is for none.
	Folders <-chan struct{}
	// Handlers returns what serves the ports that the agent does not serve itself.
	Handlers func(g control.Guest, log hclog.Logger) map[link.Port]Handler
}

// Agent is the guest's first process.
type Agent struct {
	config   Config
	options  Options
	log      hclog.Logger
	logs     map[string]*logFile
	children *children
	board    *board
	host     hostPort
	quiet    quiet
	docker   docker

	// shutdown is closed when the guest is to power off; dockerd has until deadline is closed.
	shutdown, deadline chan struct{}
	ask                sync.Once
}

var _ control.Guest = (*Agent)(nil)

// New makes the agent of this machine. It does nothing yet.
func New(c Config) *Agent {
	a := &Agent{
		config:   c,
		children: newChildren(),
		logs:     map[string]*logFile{},
		shutdown: make(chan struct{}),
		deadline: make(chan struct{}),
		quiet:    quiet{renew: make(chan renewal)},
		docker:   docker{data: make(chan struct{})},
	}
	for _, name := range []string{control.ServiceAgent, control.ServiceContainerd, control.ServiceDockerd} {
		a.logs[name] = newLogFile(logLimit)
	}
	a.board = newBoard(sinceBoot, control.Status{
		Protocol: control.ProtocolVersion, Agent: c.Version,
		Stages: []control.Stage{}, Services: []control.Service{},
	})
	return a
}

// Run boots the guest, serves the host, and powers the machine off when it is asked to. It returns only if the boot
// fails so early that nobody could be told; the caller then ends, and with it the machine.
func (a *Agent) Run() error {
	a.noteHandoff(initrd.ParseHandoff(os.Getenv(initrd.HandoffEnv)))
	end := a.board.stage("mounts")
	if err := mountAll(); err != nil {
		return err
	}
	groupsErr := makeGroups()
	end()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.start()
	if groupsErr != nil {
		a.log.Error("control groups", "error", groupsErr)
	}

	var wg sync.WaitGroup
	wg.Go(func() { a.children.reap(ctx) })
	wg.Go(func() { a.serveLink(ctx) })
	wg.Go(func() { a.watchHost(ctx) })
	wg.Go(func() { a.bringUp() })
	wg.Go(func() { a.finishBoot(ctx) })
	wg.Go(func() { a.watchDockerd(ctx) })
	dataReady := a.docker.data
	wg.Go(func() { a.openData(dataReady) })
	a.runServices(dataReady)

	a.log.Info("powering off")
	a.powerOff()
	return errors.New("the machine did not power off")
}

// noteHandoff turns what the first program said into stages.
func (a *Agent) noteHandoff(h initrd.Handoff) {
	a.board.addStage("kernel", 0, h.Start)
	a.board.addStage("initrd", h.Start, h.Modules)
	a.board.addStage("root", h.Modules, h.Root)
	a.board.addStage("agent", h.Root, sinceBoot())
}

// start reads what /proc has and opens the agent's own log.
func (a *Agent) start() {
	cmdline, err := os.ReadFile("/proc/cmdline")
	a.options = ParseCmdline(string(cmdline))
	level := hclog.Info
	if a.options.Debug {
		level = hclog.Debug
	}
	a.log = newLogger(a.logs[control.ServiceAgent], level)
	if err != nil {
		a.log.Error("no command line", "error", err)
	}
	bootID, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		a.log.Error("no boot id", "error", err)
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		a.log.Error("no kernel release", "error", err)
	}
	a.board.update(func(s *control.Status) {
		s.BootID = strings.TrimSpace(string(bootID))
		s.Kernel = unix.ByteSliceToString(uts.Release[:])
	})
	limit := unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		a.log.Error("limit of open files", "error", err)
	}
	a.log.Info("agent started", "version", a.config.Version, "kernel", unix.ByteSliceToString(uts.Release[:]))
}

// bringUp loads modules and configures the kernel and the network. Its failures are logged: a guest that lacks some of
// it is of more use than none.
func (a *Agent) bringUp() {
	end := a.board.stage("modules")
	defer end()
	if err := setSysctls(); err != nil {
		a.log.Warn("kernel settings", "error", err)
	}
	text, err := os.ReadFile(bootModules)
	if err != nil {
		a.log.Error("no list of modules", "error", err)
	}
	index := kmod.Parse(string(text))
	if card, err := index.Order("virtio_net"); err == nil {
		a.loadModules(card)
	}
	endNetwork := a.board.stage("network")
	if err := configureNetwork(a.options); err != nil {
		a.log.Error("network", "error", err)
	}
	endNetwork()
	a.loadModules(index.All())
}

// The modules to load at boot, and those that can wait.
const (
	bootModules = "/usr/lib/wherry/modules.boot"
	lateModules = "/usr/lib/wherry/modules.late"
)

// loadModules loads modules one after the other: the other processor is for what docker waits for.
func (a *Agent) loadModules(modules []kmod.Module) {
	for _, m := range modules {
		if err := kmod.Load(m.Path, ""); err != nil {
			a.log.Error("module", "error", err)
		}
	}
}

// finishBoot does what can wait until docker answers, or until it is known that it will not.
func (a *Agent) finishBoot(ctx context.Context) {
	err := a.board.watch(ctx, time.Hour, func(s control.Status) error {
		if s.DockerReady || s.Problem != nil {
			return errSettled
		}
		return nil
	})
	if !errors.Is(err, errSettled) {
		return
	}
	text, err := os.ReadFile(lateModules)
	if err != nil {
		a.log.Error("no list of modules", "error", err)
		return
	}
	a.loadModules(kmod.Parse(string(text)).All())
	var wg sync.WaitGroup
	wg.Go(func() { a.giveBack(ctx) })
	a.watchPowerButton(ctx)
	wg.Wait()
}

var errSettled = errors.New("the boot is over")

// openData prepares the data disk and moves the logs there. ready is closed when it can be used; else the guest goes on
// without, and the status says why.
func (a *Agent) openData(ready chan<- struct{}) {
	end := a.board.stage("data-disk")
	disk := &dataDisk{children: a.children}
	dir := dataDir + "/wherry/log"
	err := disk.prepare()
	if err != nil {
		a.reportDisk(err)
		dir = "/run/wherry/log"
	}
	if err := a.openLogs(dir); err != nil {
		a.log.Error("logs", "error", err)
	}
	end()
	if err == nil {
		if err := os.MkdirAll(dataDir+"/wherry/docker", 0o755); err != nil {
			a.log.Error("docker's settings", "error", err)
		}
		close(ready)
	}
}

func (a *Agent) reportDisk(err error) {
	p := control.Problem{Stage: "data-disk", Message: err.Error(), Hint: "look at `wherry logs kernel`"}
	var d *diskError
	if errors.As(err, &d) {
		p.Hint = d.hint
	}
	a.log.Error("data disk", "error", err)
	a.board.problem(p)
}

// logLimit is the size at which a log is turned over; there are two files of each.
const logLimit = 5 << 20

func (a *Agent) openLogs(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make log folder: %w", err)
	}
	var errs []error
	for name, l := range a.logs {
		errs = append(errs, l.open(dir+"/"+name+".log"))
	}
	return errors.Join(errs...)
}

func sinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
