package build

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const echoSource = `package main

import (
	"fmt"
	"os"
)

var table = map[string]*string{"a": &text}
var text = "fixed"

func main() { fmt.Println(*table["a"], os.Args[1:], os.Getenv("WHERRY_TEST")) }
`

// buildPIE compiles a small program whose address is not fixed.
func buildPIE(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("runs Linux programs")
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(echoSource), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildmode=pie", "-o", program, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return program
}

func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = []string{"WHERRY_TEST=yes"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("run %s: %v: %s", program, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestFixedProgramRuns(t *testing.T) {
	program := buildPIE(t)
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := fixAddress(data)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(fixed))
	if err != nil {
		t.Fatal(err)
	}
	if f.Type != elf.ET_EXEC || f.Entry < fixedBase {
		t.Errorf("type %v, entry %#x", f.Type, f.Entry)
	}
	if err := os.WriteFile(program+"-fixed", fixed, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, want := output(t, program+"-fixed", "x", "y"), "fixed [x y] yes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := fixAddress(fixed); !errors.Is(err, errNotFixable) {
		t.Errorf("fixing it again: %v, want errNotFixable", err)
	}
}

func TestStubStartsItsTarget(t *testing.T) {
	program := buildPIE(t)
	data, err := stub(runtime.GOARCH, program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stub")
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, want := output(t, path, "x", "y z"), "fixed [x y z] yes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStubOfMissingTarget(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("runs Linux programs")
	}
	data, err := stub(runtime.GOARCH, "/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stub")
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	err = exec.CommandContext(t.Context(), path).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 127 {
		t.Errorf("got %v, want exit status 127", err)
	}
}
