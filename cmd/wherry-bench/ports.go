package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// A way leads to a far end: the published port, or what it is held against.
type way struct {
	name string
	dial load.Dial
	udp  load.Dial // nil if there is none
	// pids are the processes that carry the bytes, beside the kernel and the two ends.
	pids []int
}

// A probe measures one thing of a way.
type probe struct {
	name, about, unit string
	measure           func(context.Context, load.Dial) ([]float64, error)
	// parts are appended to the name when there is more than one result.
	parts []string
	// bytes says that the result is MB/s; then what the ways' processes used is measured too.
	bytes bool
	udp   bool
	// slirp is how many times the same through slirp the result should be; 0 if nothing is aimed at.
	slirp float64
}

// portProbes are all that is measured of a port.
func portProbes(quick bool) []probe {
	amount, rate, rounds := load.Amount{Bytes: 1e9, Time: 3 * time.Second}, 3*time.Second, 1000
	if quick {
		amount, rate, rounds = load.Amount{Bytes: 200e6, Time: time.Second}, time.Second, 200
	}
	var all []probe
	for _, n := range []int{1, 8} {
		all = append(
			all,
			throughput("in", n, func(ctx context.Context, d load.Dial) (float64, error) { return load.Upload(ctx, d, n, amount) }),
			throughput("out", n, func(ctx context.Context, d load.Dial) (float64, error) { return load.Download(ctx, d, n, amount) }),
		)
	}
	all = append(all, probe{
		name: "echo", about: "one byte there and back on one connection", unit: "ms", parts: []string{".p50", ".p99"},
		measure: func(ctx context.Context, dial load.Dial) ([]float64, error) { return latency(ctx, dial, rounds) },
	})
	for _, n := range []int{1, 8} {
		all = append(all, probe{
			slirp: 4,
			name:  fmt.Sprintf("connect%d", n), about: fmt.Sprintf("new connections with one byte there and back, %d at a time", n), unit: "1/s",
			measure: func(ctx context.Context, dial load.Dial) ([]float64, error) {
				v, err := load.Connections(ctx, dial, n, rate)
				return []float64{v}, err
			},
		})
	}
	return append(all, probe{
		name: "udp", about: "datagrams of 512 bytes there and back, 16 peers at once", unit: "1/s", udp: true,
		measure: func(ctx context.Context, dial load.Dial) ([]float64, error) {
			v, err := load.Datagrams(ctx, dial, 16, 512, rate)
			return []float64{v}, err
		},
	})
}

func throughput(direction string, streams int, transfer func(context.Context, load.Dial) (float64, error)) probe {
	return probe{
		bytes: true, slirp: 3,
		name: fmt.Sprintf("%s%d", direction, streams), about: fmt.Sprintf("bytes %s through the port, streams: %d", direction, streams), unit: "MB/s",
		measure: func(ctx context.Context, dial load.Dial) ([]float64, error) {
			v, err := transfer(ctx, dial)
			return []float64{v / 1e6}, err
		},
	}
}

func latency(ctx context.Context, dial load.Dial, rounds int) ([]float64, error) {
	took, err := load.Echo(ctx, dial, rounds, 10*time.Second)
	if err != nil {
		return nil, err
	}
	var ms report.Samples
	for _, d := range took[len(took)/10:] { // the first ones warm up
		ms = append(ms, d.Seconds()*1e3)
	}
	return []float64{ms.Percentile(50), ms.Percentile(99)}, nil
}

// measurePorts publishes a container's port and measures it, plain loopback, and slirp in the same VM by turns.
func measurePorts(ctx context.Context, b *bench) error {
	var second slirp
	var errs [2]error
	second.tcp, errs[0] = freePort()
	second.udp, errs[1] = freePort()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	remove, err := b.addSlirp(second)
	if err != nil {
		return err
	}
	defer remove()
	if err := b.lab.Fresh(ctx); err != nil {
		return err
	}
	snap, err := b.running(ctx)
	if err != nil {
		return err
	}
	if err := b.joinSlirp(ctx); err != nil {
		return err
	}
	plain, endPlain, err := b.plain(ctx)
	if err != nil {
		return err
	}
	defer endPlain()
	published, endPublished, err := b.published(ctx)
	if err != nil {
		return err
	}
	defer endPublished()
	through := way{name: "slirp", pids: []int{snap.VM.PID}}
	through.dial, through.udp = second.dials()
	ways := []way{
		{name: plainName, dial: load.TCP(plain), udp: load.UDP(plain)},
		through,
		{name: "port", dial: load.TCP(published), udp: load.UDP(published), pids: []int{snap.VM.PID, snap.Daemon.PID}},
	}
	for _, p := range portProbes(b.quick) {
		figures, err := byTurns(ctx, p, ways, b.runs)
		if err != nil {
			return err
		}
		b.report.Add(figures...)
	}
	return b.lab.Fresh(ctx) // without the second card
}

// byTurns measures all ways in each run; the figures are of the last way, against the first, and where there are more than
// two against the last but one.
func byTurns(ctx context.Context, p probe, ways []way, runs int) ([]report.Figure, error) {
	samples := make([][]report.Samples, len(ways)) // by way and part
	for range runs {
		for i, w := range ways {
			v, err := p.once(ctx, w)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", p.name, w.name, err)
			}
			samples[i] = append(samples[i], v)
		}
	}
	parts := p.parts
	if len(parts) == 0 {
		parts = []string{""}
	}
	var figures []report.Figure
	last := len(ways) - 1
	for k, part := range parts {
		of := column(samples[last], k)
		figures = append(figures, report.New("ports."+p.name+part, p.about, p.unit, of).Against(ways[0].name, column(samples[0], k)))
		if last < 2 {
			continue
		}
		f := report.New("ports."+p.name+part+".slirp", p.about+", beside QEMU's slirp", p.unit, of).Against(ways[last-1].name, column(samples[last-1], k))
		if p.slirp != 0 {
			f = f.Aiming(report.RatioAtLeast(p.slirp))
		}
		figures = append(figures, f)
	}
	if p.bytes && last >= 2 {
		k := len(parts)
		figures = append(figures, report.New("ports."+p.name+".cpu", "processor time of QEMU and the daemon for that", "s/GB", column(samples[last], k)).
			Against(ways[last-1].name, column(samples[last-1], k)))
	}
	return figures, nil
}

// once measures a way once. Behind the results of a transfer is the processor time of the way's processes, in seconds per
// GB.
func (p probe) once(ctx context.Context, w way) ([]float64, error) {
	dial := w.dial
	if p.udp {
		dial = w.udp
	}
	before, err := waysTime(w.pids)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	v, err := p.measure(ctx, dial)
	took := time.Since(begun)
	if err != nil || !p.bytes {
		return v, err
	}
	after, err := waysTime(w.pids)
	if err != nil {
		return nil, err
	}
	return append(v, (after-before).Seconds()/(v[0]*took.Seconds()/1e3)), nil
}

// waysTime is what a way's processes have used so far.
func waysTime(pids []int) (time.Duration, error) {
	var all time.Duration
	for _, pid := range pids {
		t, err := lab.ProcessorTime(pid)
		if err != nil {
			return 0, err
		}
		all += t
	}
	return all, nil
}

// column is one part of all runs.
func column(runs []report.Samples, part int) report.Samples {
	var s report.Samples
	for _, r := range runs {
		s = append(s, r[part])
	}
	return s
}

// published runs the far end in a container with a published port, and returns when that answers. Slirp leads to the same
// container.
func (b *bench) published(ctx context.Context) (address string, end func(), err error) {
	const name, inside = "wherry-bench-far", "7000"
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	args := []string{"run", "-d", "--rm", "--name", name}
	for _, proto := range []string{"/tcp", "/udp"} {
		args = append(args, "-p", address+":"+inside+proto, "-p", slirpPort+":"+inside+proto)
	}
	if _, err := b.lab.Docker(ctx, nil, append(args, selfName, "serve", ":"+inside)...); err != nil {
		return "", nil, err
	}
	end = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if _, err := b.lab.Docker(ctx, nil, "rm", "-f", name); err != nil {
			b.say("  remove container: %v", err)
		}
	}
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := load.Wait(wait, load.TCP(address)); err != nil {
		end()
		return "", nil, fmt.Errorf("published port: %w", err)
	}
	return address, end, nil
}

// freePort is a port of the host's loopback that was free just now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
