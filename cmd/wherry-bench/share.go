package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// shareName is the experiment's; it takes long and is done only if it is asked for.
const shareName = "share"

// diskName is what the figures of shared folders are held against: a volume on the guest's own disk.
const diskName = "disk"

// shareAims are what the steps may take, as ratios to the guest's own disk.
func shareAims() map[string]*report.Aim {
	return map[string]*report.Aim{
		"find": report.RatioAtMost(1.2), "read": report.RatioAtMost(1.2), "stat": report.RatioAtMost(1.2), "stat_later": report.RatioAtMost(1.2),
		"find_cold": report.RatioAtMost(3), "stat_cold": report.RatioAtMost(3), "untar": report.RatioAtMost(3),
		"write_large": report.RatioAtMost(2), "read_large_cold": report.RatioAtMost(2), "read_large": report.RatioAtMost(1.2),
	}
}

// shareAbout says in words what the steps are.
func shareAbout() map[string]string {
	return map[string]string{
		"untar": "unpack small files", "find_cold": "list them, nothing cached", "find": "list them again",
		"read_cold": "read them, nothing cached", "read": "read them again", "stat_cold": "stat them, nothing cached", "stat": "stat them again",
		"stat_later": "stat them after 6 s", "write_large": "write a large file, with fsync", "read_large_cold": "read it, nothing cached",
		"read_large": "read it again", "remove": "remove the small files",
		"git_clone": "git clone of 2,000 files", "git_status": "git status", "install": "npm ci of a web project, offline",
	}
}

// measureShare measures the same load on a volume and on a shared folder, by turns; then the same with QEMU's virtiofs.
func measureShare(ctx context.Context, b *bench) error {
	dir := b.lab.File("shared")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if _, err := b.running(ctx); err != nil {
		return err
	}
	if _, err := b.lab.Wherry(ctx, nil, "settings", "set", "shares", dir); err != nil {
		return err
	}
	if err := b.fileFigures(ctx, "share", dir); err != nil {
		return err
	}
	if err := b.eventFigures(ctx, dir); err != nil {
		return err
	}
	b.report.Note("9p was not measured: the guest's kernel has none")
	if err := b.virtiofs(ctx); err != nil {
		b.report.Note("virtiofs was not measured: %v", err)
	}
	return ctx.Err()
}

// fileFigures adds the figures of the file load, named with a prefix.
func (b *bench) fileFigures(ctx context.Context, prefix, dir string) error {
	files, large := 2000, 256
	if b.quick {
		files, large = 500, 64
	}
	const volume = "wherry-bench"
	defer func() { _, _ = b.lab.Docker(context.WithoutCancel(ctx), nil, "volume", "rm", "-f", volume) }()
	samples := map[string][2]report.Samples{}
	for range b.runs {
		for i, source := range []string{volume, dir} {
			took, err := b.fileLoad(ctx, source, files, large)
			if err != nil {
				return err
			}
			for step, s := range took {
				pair := samples[step]
				pair[i] = append(pair[i], s)
				samples[step] = pair
			}
		}
	}
	for _, step := range slices.Concat(fileSteps(), programSteps()) {
		pair, ok := samples[step]
		if !ok || len(pair[0]) != len(pair[1]) {
			continue
		}
		f := report.New(prefix+"."+step, shareAbout()[step], "s", pair[1]).Against(diskName, pair[0])
		if aim := shareAims()[step]; aim != nil && prefix == "share" {
			f = f.Aiming(aim)
		}
		b.report.Add(f)
	}
	return nil
}

// fileLoad does the load once, in a container that sees source at /m.
func (b *bench) fileLoad(ctx context.Context, source string, files, large int) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	out, err := b.lab.Docker(ctx, nil, "run", "--rm", "--privileged", "-v", source+":/m", selfName, "files", "/m", strconv.Itoa(files), strconv.Itoa(large))
	if err != nil {
		return nil, err
	}
	var took map[string]float64
	if err := json.Unmarshal([]byte(out), &took); err != nil {
		return nil, fmt.Errorf("read what took how long: %w", err)
	}
	programs, err := b.programLoad(ctx, source)
	for step, s := range programs {
		took[step] = s
	}
	return took, err
}

// eventFigures adds how long an edit on the host takes to be an event in a container, beside a line's way there and back.
func (b *bench) eventFigures(ctx context.Context, dir string) error {
	const name, rounds = "wherry-bench-watch", 40
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	in, tell := io.Pipe()
	heard, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := b.lab.DockerIO(ctx, in, out, "run", "-i", "--rm", "--name", name, "-v", dir+":/m", selfName, "watch", "/m")
		_ = out.CloseWithError(io.EOF)
		ended <- err
	}()
	defer func() {
		_, _ = b.lab.Docker(context.WithoutCancel(ctx), nil, "rm", "-f", name)
		_ = tell.Close()
		<-ended
	}()
	lines := bufio.NewReader(heard)
	until := func(want string) error {
		for {
			line, err := lines.ReadString('\n')
			if err != nil || strings.TrimSpace(line) == want {
				return err
			}
		}
	}
	if err := until("ready"); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	var events, echoes report.Samples
	for i := range rounds {
		begun := time.Now()
		if _, err := fmt.Fprintf(tell, "line %d\n", i); err != nil {
			return fmt.Errorf("speak to the watcher: %w", err)
		}
		if err := until(fmt.Sprint("line ", i)); err != nil {
			return fmt.Errorf("hear the watcher: %w", err)
		}
		echoes = append(echoes, time.Since(begun).Seconds()*1e3)
		begun = time.Now()
		if err := os.WriteFile(filepath.Join(dir, "edited"), fmt.Appendf(nil, "edit %d", i), 0o644); err != nil {
			return fmt.Errorf("edit: %w", err)
		}
		if err := until("event"); err != nil {
			return fmt.Errorf("wait for event: %w", err)
		}
		events = append(events, time.Since(begun).Seconds()*1e3)
	}
	for _, p := range []float64{50, 95} {
		f := report.New(fmt.Sprintf("share.event.p%g", p), "a host's edit until a container's inotify event, and its word of that here", "ms", report.Samples{events.Percentile(p)})
		b.report.Add(f.Against("line", report.Samples{echoes.Percentile(p)}).Aiming(report.AtMost(50)))
	}
	return nil
}
