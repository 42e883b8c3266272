package qemu

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/wherry-app/wherry/vmhost"
)

// program is what was found out about one QEMU program.
type program struct {
	Path string `json:"path"`
	// Size and Modified tell whether it is still the same program.
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Version  version   `json:"version"`
	// Accels are those it was built with.
	Accels []string `json:"accels"`
	// Tried has what came out for each accelerator that was tried.
	Tried map[string]verdict `json:"tried,omitempty"`
}

// verdict is what came out when an accelerator was tried.
type verdict struct {
	// Failure says why it does not work; empty if it does.
	Failure string    `json:"failure,omitempty"`
	When    time.Time `json:"when"`
}

// failureHolds is how long it is believed that an accelerator does not work: the reason may pass.
const failureHolds = time.Hour

func (v verdict) believed() bool { return v.Failure == "" || time.Since(v.When) < failureHolds }

// findings is the content of the cache file.
type findings struct {
	// Host is the boot of the host for which Tried holds.
	Host     string             `json:"host"`
	Programs map[string]program `json:"programs"`
}

// prober finds out what this host's QEMU can do, and remembers.
type prober struct {
	cacheFile string
	log       hclog.Logger

	mu    sync.Mutex // held while something is tried, so that it is tried once
	known *findings  // nil before first use
}

func newProber(cacheFile string, log hclog.Logger) *prober {
	return &prober{cacheFile: cacheFile, log: log}
}

// program describes the QEMU at path; it is an error if that is too old or no QEMU.
func (p *prober) program(ctx context.Context, path string) (program, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil {
		return program{}, fmt.Errorf("look at QEMU: %w", err)
	}
	known := p.load()
	found, ok := known.Programs[path]
	if !ok || found.Size != info.Size() || !found.Modified.Equal(info.ModTime()) {
		found = program{Path: path, Size: info.Size(), Modified: info.ModTime(), Tried: map[string]verdict{}}
		if found.Version, found.Accels, err = ask(ctx, path); err != nil {
			return program{}, err
		}
		known.Programs[path] = found
		p.save()
	}
	if found.Version.less(oldestVersion) {
		return program{}, hinted(fmt.Errorf("QEMU %v: %w", found.Version, vmhost.ErrUnsupported),
			"Install QEMU "+oldestVersion.String()+" or newer")
	}
	return found, nil
}

// ask runs QEMU to learn its version and accelerators.
func ask(ctx context.Context, path string) (version, []string, error) {
	printed, err := output(ctx, path, "--version")
	if err != nil {
		return version{}, nil, err
	}
	v, err := parseVersion(printed)
	if err != nil {
		return version{}, nil, hinted(fmt.Errorf("run %q: %w", path, err), "Check that this program is QEMU")
	}
	printed, err = output(ctx, path, "-accel", "help")
	if err != nil {
		return version{}, nil, err
	}
	_, list, _ := strings.Cut(printed, "\n") // below a headline
	return v, strings.Fields(list), nil
}

func output(ctx context.Context, path string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	printed, err := cmd.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", hinted(fmt.Errorf("run %q: %w", path, err), "Check that QEMU is installed properly: run "+path+" --version")
	}
	return string(printed), nil
}

// works is nil if the accelerator runs code of a guest. With again, an earlier failure is not believed.
func (p *prober) works(ctx context.Context, prog program, accel string, arch vmhost.Arch, again bool) error {
	if err := possible(prog, accel, arch); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	tried := p.load().Programs[prog.Path].Tried
	v, ok := tried[accel]
	if !ok || !v.believed() || (v.Failure != "" && again) {
		v = verdict{When: time.Now()}
		err := tryAccel(ctx, prog.Path, planFor(accel, arch, prog.Version), arch)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.Failure = err.Error()
		}
		p.log.Info("accelerator tried", "accel", accel, "took", time.Since(v.When), "failure", v.Failure)
		tried[accel] = v
		p.save()
	}
	if v.Failure != "" {
		return fmt.Errorf("%w: %s", vmhost.ErrUnsupported, v.Failure)
	}
	return nil
}

// load returns what is known. p.mu is held.
func (p *prober) load() *findings {
	if p.known != nil {
		return p.known
	}
	known := &findings{}
	if p.cacheFile != "" {
		if text, err := os.ReadFile(p.cacheFile); err == nil && json.Unmarshal(text, known) != nil {
			known = &findings{} // damaged: find out anew
		}
	}
	if known.Programs == nil {
		known.Programs = make(map[string]program)
	}
	host := hostBoot()
	for path, found := range known.Programs {
		if found.Tried == nil || known.Host != host {
			found.Tried = make(map[string]verdict)
			known.Programs[path] = found
		}
	}
	known.Host = host
	p.known = known
	return known
}

// save writes down what is known; that it cannot be is no reason not to start a machine. p.mu is held.
func (p *prober) save() {
	if p.cacheFile == "" {
		return
	}
	text, err := json.MarshalIndent(p.known, "", "  ")
	if err == nil {
		err = replaceFile(p.cacheFile, text)
	}
	if err != nil {
		p.log.Warn("write accelerator cache", "error", err)
	}
}

// replaceFile writes a file so that others see the old content or the new one, never half of it.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
