package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// A way leads to a far end: the published port, or what it is held against.
type way struct {
	name string
	dial load.Dial
}

// A probe measures one thing of a way.
type probe struct {
	name, about, unit string
	measure           func(context.Context, load.Dial) ([]float64, error)
	// parts are appended to the name when there is more than one result.
	parts []string
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
			name: fmt.Sprintf("connect%d", n), about: fmt.Sprintf("new connections with one byte there and back, %d at a time", n), unit: "1/s",
			measure: func(ctx context.Context, dial load.Dial) ([]float64, error) {
				v, err := load.Connections(ctx, dial, n, rate)
				return []float64{v}, err
			},
		})
	}
	return all
}

func throughput(direction string, streams int, transfer func(context.Context, load.Dial) (float64, error)) probe {
	return probe{
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

// measurePorts publishes a container's port and measures it and plain loopback by turns.
func measurePorts(ctx context.Context, b *bench) error {
	if _, err := b.running(ctx); err != nil {
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
	ways := []way{{plainName, plain}, {"port", published}}
	for _, p := range portProbes(b.quick) {
		figures, err := byTurns(ctx, p, ways, b.runs)
		if err != nil {
			return err
		}
		b.report.Add(figures...)
	}
	return nil
}

// byTurns measures all ways in each run; the figures are of the last way, against the first.
func byTurns(ctx context.Context, p probe, ways []way, runs int) ([]report.Figure, error) {
	parts := p.parts
	if len(parts) == 0 {
		parts = []string{""}
	}
	samples := make([][]report.Samples, len(ways)) // by way and part
	for range runs {
		for i, w := range ways {
			v, err := p.measure(ctx, w.dial)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", p.name, w.name, err)
			}
			samples[i] = append(samples[i], v)
		}
	}
	var figures []report.Figure
	for k, part := range parts {
		last := len(ways) - 1
		figures = append(figures, report.New("ports."+p.name+part, p.about, p.unit, column(samples[last], k)).Against(ways[0].name, column(samples[0], k)))
	}
	return figures, nil
}

// column is one part of all runs.
func column(runs []report.Samples, part int) report.Samples {
	var s report.Samples
	for _, r := range runs {
		s = append(s, r[part])
	}
	return s
}

// published runs the far end in a container with a published port, and returns when that answers.
func (b *bench) published(ctx context.Context) (dial load.Dial, end func(), err error) {
	const name, inside = "wherry-bench-far", "7000"
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if _, err := b.lab.Docker(ctx, nil, "run", "-d", "--rm", "--name", name, "-p", address+":"+inside, selfName, "serve", ":"+inside); err != nil {
		return nil, nil, err
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
	dial = load.TCP(address)
	if err := load.Wait(wait, dial); err != nil {
		end()
		return nil, nil, fmt.Errorf("published port: %w", err)
	}
	return dial, end, nil
}

// freePort is a port of the host's loopback that was free just now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
