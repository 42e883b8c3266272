package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// sleepRuns are the results of the cycles: a cold start with a container that is to run always, and two sleeps, one ended
// by a client of docker and one by a client of the container's port.
type sleepRuns struct {
	coldDocker, coldPort, suspend, size, wakeDocker, wakePort, resume report.Samples
	vm, daemonMemory, daemonCPU                                       report.Samples
}

// measureSleep does the cycles and leaves the engine running.
func measureSleep(ctx context.Context, b *bench) error {
	var r sleepRuns
	for i := range b.runs {
		if err := r.cycle(ctx, b); err != nil {
			return fmt.Errorf("cycle %d: %w", i+1, err)
		}
		b.say("  cycle %d: cold %.1f s, port %.1f s; suspended in %.1f s (%.0f MB); docker wakes in %.1f s, the port in %.1f s, wherry start in %.1f s",
			i+1, r.coldDocker[i], r.coldPort[i], r.suspend[i], r.size[i], r.wakeDocker[i], r.wakePort[i], r.resume[i])
	}
	cold := "cold start"
	aim := report.RatioAtMost(1.0 / 6)
	b.report.Add(
		report.New("sleep.cold.docker", "wherry start after a clean stop, until docker answers", "s", r.coldDocker),
		report.New("sleep.cold.port", "the same, until the port of a container that is restarted answers", "s", r.coldPort),
		report.New("sleep.suspend", "wherry stop --suspend until it returns", "s", r.suspend),
		report.New("sleep.size", "the saved state", "MB", r.size),
		report.New("sleep.docker", "a client of the docker socket wakes the VM, until it is answered", "s", r.wakeDocker).Against(cold, r.coldDocker).Aiming(aim),
		report.New("sleep.port", "a client of a sleeping container's port wakes the VM, until it is answered", "s", r.wakePort).Against(cold, r.coldPort).Aiming(aim),
		report.New("sleep.start", "wherry start of a suspended engine until it returns", "s", r.resume).Against(cold, r.coldDocker).Aiming(aim),
		report.New("sleep.vm.processes", "processes of the VM while it sleeps", "", r.vm).Aiming(report.AtMost(0)),
		report.New("sleep.daemon.rss", "memory of the daemon while the VM sleeps", "MiB", r.daemonMemory),
		report.New("sleep.daemon.cpu", "processor seconds of the daemon in a minute of sleep", "s", r.daemonCPU).Aiming(report.AtMost(0.3)),
	)
	return nil
}

// cycle measures once.
func (r *sleepRuns) cycle(ctx context.Context, b *bench) error {
	if _, err := b.running(ctx); err != nil {
		return err
	}
	address, err := b.sleeper(ctx)
	if err != nil {
		return err
	}
	if _, err := b.lab.Stop(ctx); err != nil {
		return err
	}
	if _, err := lab.Quiet(ctx, 15, 30*time.Second); err != nil {
		return err
	}
	begun := time.Now()
	if _, _, err := b.lab.Start(ctx); err != nil {
		return err
	}
	r.coldDocker = append(r.coldDocker, time.Since(begun).Seconds())
	if err := untilAnswered(ctx, address); err != nil {
		return err
	}
	r.coldPort = append(r.coldPort, time.Since(begun).Seconds())

	if err := r.sleep(ctx, b); err != nil {
		return err
	}
	took, err := timed(func() error { return b.pingDocker(ctx) })
	if err != nil {
		return err
	}
	r.wakeDocker = append(r.wakeDocker, took.Seconds())
	if err := b.suspend(ctx); err != nil {
		return err
	}
	took, err = timed(func() error { return untilAnswered(ctx, address) })
	if err != nil {
		return err
	}
	r.wakePort = append(r.wakePort, took.Seconds())
	if err := b.suspend(ctx); err != nil {
		return err
	}
	if took, _, err = b.lab.Start(ctx); err != nil {
		return err
	}
	r.resume = append(r.resume, took.Seconds())
	_, err = b.lab.Docker(ctx, nil, "rm", "-f", "sleeper")
	return err
}

// sleeper starts the container whose port is asked, and returns its address.
func (b *bench) sleeper(ctx context.Context) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := strings.Cut(address, ":")
	_, err = b.lab.Docker(ctx, nil, "run", "-d", "--name", "sleeper", "--restart", "always", "-p", "127.0.0.1:"+port+":8000", selfName, "web", ":8000")
	return address, err
}

// sleep suspends the engine and looks at what it takes then.
func (r *sleepRuns) sleep(ctx context.Context, b *bench) error {
	awake, err := b.lab.Status(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, 10*time.Second); err != nil { // an idle engine, as that is what is suspended
		return err
	}
	took, err := timed(func() error { return b.suspend(ctx) })
	if err != nil {
		return err
	}
	st, err := os.Stat(b.lab.Home().SavedState())
	if err != nil {
		return fmt.Errorf("look at the saved state: %w", err)
	}
	snap, err := b.lab.Status(ctx)
	if err != nil {
		return err
	}
	vm := 0.0
	if _, err := os.Stat("/proc/" + strconv.Itoa(awake.VM.PID)); !errors.Is(err, fs.ErrNotExist) {
		vm = 1
	}
	watch := 20 * time.Second
	memory, cpu := 0.0, 0.0
	if snap.Daemon.PID != 0 {
		before, err := lab.ProcessorTime(snap.Daemon.PID)
		if err != nil {
			return err
		}
		if err := pause(ctx, watch); err != nil {
			return err
		}
		after, err := lab.ProcessorTime(snap.Daemon.PID)
		if err != nil {
			return err
		}
		m, err := lab.MemoryOf(snap.Daemon.PID)
		if err != nil {
			return err
		}
		memory, cpu = float64(m.Resident)/(1<<20), (after-before).Seconds()*float64(time.Minute/watch)
	}
	r.suspend, r.size, r.vm = append(r.suspend, took.Seconds()), append(r.size, float64(st.Size())/1e6), append(r.vm, vm)
	r.daemonMemory, r.daemonCPU = append(r.daemonMemory, memory), append(r.daemonCPU, cpu)
	return nil
}

// suspend makes the engine sleep.
func (b *bench) suspend(ctx context.Context) error {
	if _, err := b.lab.Wherry(ctx, nil, "stop", "--suspend"); err != nil {
		return err
	}
	snap, err := b.lab.Status(ctx)
	if err == nil && snap.State != app.StateSuspended {
		err = fmt.Errorf("the engine is %s, not suspended", snap.State)
	}
	return err
}

// wakeLimit bounds how long a client waits for a VM that wakes up.
const wakeLimit = time.Minute

// pingDocker asks docker on its socket, once: the engine holds the connection until it can be answered.
func (b *bench) pingDocker(ctx context.Context) error {
	return get(ctx, "http://docker/_ping", func(ctx context.Context, _, _ string) (net.Conn, error) {
		return localsock.Dial(ctx, b.lab.Home().DockerSocket())
	})
}

// untilAnswered asks a port until it answers.
func untilAnswered(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, wakeLimit)
	defer cancel()
	for {
		err := get(ctx, "http://"+address, new(net.Dialer).DialContext)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func get(ctx context.Context, url string, dial func(context.Context, string, string) (net.Conn, error)) error {
	ctx, cancel := context.WithTimeout(ctx, wakeLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	c := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	return nil
}
