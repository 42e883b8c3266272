package pid1

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// watchDockerd finds out that dockerd hangs, says so, and sees to it: one that somebody stopped goes on, which loses nothing;
// one that has hung for long is killed and so started again.
func (a *Agent) watchDockerd(ctx context.Context) {
	docker := newDockerClient()
	defer docker.close()
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	w := hangWatch{}
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		status, _ := a.board.snapshot()
		now := serviceOf(status, control.ServiceDockerd)
		if now.State != control.ServiceReady && now.State != control.ServiceHung {
			w = hangWatch{}
			continue
		}
		err := docker.ping(ctx)
		if ctx.Err() != nil {
			return
		}
		switch w.next(now.PID, err == nil, sinceBoot()) {
		case hangBegins:
			now.State, now.Error = control.ServiceHung, hungText(now.PID)
			a.log.Warn("dockerd hangs", "pid", now.PID, "error", err, "process", now.Error)
			a.board.service(now)
			a.board.update(func(s *control.Status) { s.DockerReady = false })
			_ = unix.Kill(now.PID, unix.SIGCONT)
		case hangEnds:
			now.State, now.Error = control.ServiceReady, ""
			a.log.Info("dockerd answers again", "pid", now.PID)
			a.board.service(now)
			a.board.update(func(s *control.Status) { s.DockerReady = true })
		case hangLasts:
			a.log.Warn("dockerd is killed since it does not answer", "pid", now.PID)
			_ = unix.Kill(now.PID, unix.SIGKILL)
			w = hangWatch{}
		case hangNone:
		}
	}
}

// hungText says what is known of a process that does not answer.
func hungText(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil && processState(string(stat)) == 'T' {
		return "its process is stopped"
	}
	return "it does not answer"
}
