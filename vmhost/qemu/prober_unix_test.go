//go:build unix

package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/wherry-app/wherry/vmhost"
)

// scriptQEMU is a shell script in place of QEMU; it notes its calls in the returned file.
func scriptQEMU(t *testing.T, version, accels, trial string) (path, calls string) {
	t.Helper()
	dir := t.TempDir()
	path, calls = filepath.Join(dir, "qemu, a script"), filepath.Join(dir, "calls")
	script := `#!/bin/sh
echo "$1" >> '` + calls + `'
case "$1" in
--version) echo '` + version + `' ;;
-accel) printf 'Accelerators supported in QEMU binary:\n` + accels + `\n' ;;
*) ` + trial + ` ;;
esac
`
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, calls
}

func countCalls(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestProgramIsAskedOnce(t *testing.T) {
	path, calls := scriptQEMU(t, "QEMU emulator version 9.1.2 (Debian)", `tcg\nkvm`, "exit 1")
	cache := filepath.Join(t.TempDir(), "cache.json")
	ask := func(cache string, want int) {
		t.Helper()
		got, err := newProber(cache, hclog.NewNullLogger()).program(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != (version{9, 1, 2}) || strings.Join(got.Accels, " ") != "tcg kvm" {
			t.Errorf("program() = %+v", got)
		}
		if n := countCalls(t, calls); n != want {
			t.Errorf("QEMU was run %d times, want %d", n, want)
		}
	}
	ask(cache, 2)
	ask(cache, 2)
	if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ask(cache, 4) // another program now
	ask("", 6)
	if err := os.WriteFile(cache, []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(cache, 8)
	ask(cache, 8)
}

func TestVerdictsHoldForOneBoot(t *testing.T) {
	path, _ := scriptQEMU(t, "QEMU emulator version 9.1.2", "tcg", "exit 1")
	for host, want := range map[string]int{hostBoot(): 1, "an earlier boot": 0} {
		cache := filepath.Join(t.TempDir(), "cache.json")
		text, err := json.Marshal(findings{Host: host, Programs: map[string]program{path: {Path: path, Tried: map[string]verdict{"kvm": {Failure: "hangs"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(cache, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if tried := newProber(cache, hclog.NewNullLogger()).load().Programs[path].Tried; len(tried) != want {
			t.Errorf("of host %q, %v is believed, want %d verdicts", host, tried, want)
		}
	}
}

func TestFailuresAreForgotten(t *testing.T) {
	hour := time.Now().Add(-failureHolds)
	for _, test := range []struct {
		v    verdict
		want bool
	}{
		{verdict{Failure: "hangs", When: time.Now()}, true},
		{verdict{Failure: "hangs", When: hour}, false},
		{verdict{When: hour}, true},
	} {
		if got := test.v.believed(); got != test.want {
			t.Errorf("%+v believed: %v, want %v", test.v, got, test.want)
		}
	}
}

func TestUnsuitablePrograms(t *testing.T) {
	old, _ := scriptQEMU(t, "QEMU emulator version 6.2.0", "tcg", "exit 1")
	none, _ := scriptQEMU(t, "hello", "tcg", "exit 1")
	for path, want := range map[string]string{old: "6.2.0", none: "hello"} {
		err := New(Config{Binary: path}).Probe(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("Probe() = %v, want an error with %q", err, want)
		}
		wantHint(t, err)
	}
	if err := New(Config{Binary: old}).Probe(t.Context()); !errors.Is(err, vmhost.ErrUnsupported) {
		t.Errorf("Probe() of an old QEMU = %v, want ErrUnsupported", err)
	}
}

func TestAccelFallsBack(t *testing.T) {
	path, _ := scriptQEMU(t, "QEMU emulator version 9.1.2", "tcg", "exit 1")
	d := New(Config{Binary: path})
	for accel, arch := range map[string]vmhost.Arch{"": vmhost.HostArch(), "auto": "other", "tcg": vmhost.HostArch()} {
		if _, p, err := d.plan(t.Context(), vmhost.Spec{Arch: arch, Accel: accel}); err != nil || p.accel != "tcg" {
			t.Errorf("accelerator for %q on %s = %q, %v, want tcg", accel, arch, p.accel, err)
		}
	}
	for accel, arch := range map[string]vmhost.Arch{"kvm": vmhost.HostArch(), "hvf": vmhost.HostArch(), "whpx": "other"} {
		_, _, err := d.plan(t.Context(), vmhost.Spec{Arch: arch, Accel: accel})
		if !errors.Is(err, vmhost.ErrUnsupported) {
			t.Fatalf("accelerator %s = %v, want ErrUnsupported", accel, err)
		}
		wantHint(t, err)
	}
}

func TestTryAccel(t *testing.T) {
	tests := map[string]struct {
		trial string
		want  string // in the error; empty for none
		limit time.Duration
	}{
		"works":    {"exit 85", "", tryTimeout},
		"gives up": {"echo KVM internal error. Suberror: 1 >&2; exec sleep 60", "internal error", tryTimeout / 2},
		"refuses":  {"echo $0: -accel kvm: failed to initialize kvm: Permission denied >&2; exit 1", "Permission denied", tryTimeout},
		"no word":  {"exit 3", "exit code 3", tryTimeout},
		"hangs":    {"exec sleep 60", "no progress", tryTimeout + 5*time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path, _ := scriptQEMU(t, "", "", test.trial)
			begin := time.Now()
			err := tryAccel(t.Context(), path, plan{accel: "kvm", cpu: "host"}, vmhost.AMD64)
			if took := time.Since(begin); took > test.limit {
				t.Errorf("took %v, more than %v", took, test.limit)
			}
			if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
				t.Errorf("tryAccel() = %v, want %q", err, test.want)
			}
		})
	}
}

// TestTrialRuns runs the trial guests for real: emulation is slow, but has to come through.
func TestTrialRuns(t *testing.T) {
	for arch := range trials {
		t.Run(string(arch), func(t *testing.T) {
			binary, err := findBinary("", arch)
			if err != nil {
				missing(t, "QEMU is missing: %v", err)
			}
			p := planFor(tcg, arch, version{7, 2, 0})
			if err := tryAccel(t.Context(), binary, p, arch); err != nil {
				t.Errorf("tryAccel() = %v", err)
			}
			// A guest that does not do what it should is noticed.
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := tryAccel(ctx, binary, p, arch); err == nil {
				t.Error("tryAccel() = nil though it was cancelled")
			}
		})
	}
}
