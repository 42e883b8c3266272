package build

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// run runs a program with input and returns its output.
func run(ctx context.Context, input []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if text := lastLines(stderr.String(), 5); text != "" {
			return nil, fmt.Errorf("run %s: %w: %s", name, err, text)
		}
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	return stdout.Bytes(), nil
}

// lastLines returns the last n lines of a program's complaints as one line.
func lastLines(text string, n int) string {
	l := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(l[max(0, len(l)-n):], "; ")
}

// tools are the programs the build runs and the Debian packages they are in.
var tools = []struct{ program, pkg string }{
	{"mmdebstrap", "mmdebstrap"},
	{"dpkg-deb", "dpkg"},
	{"xz", "xz-utils"},
	{"zstd", "zstd"},
	{"mkfs.erofs", "erofs-utils"},
}

// checkTools fails when a program that the build needs is missing, naming them all.
func checkTools() error {
	var missing []string
	for _, t := range tools {
		if _, err := exec.LookPath(t.program); err != nil {
			missing = append(missing, t.pkg)
		}
	}
	if missing != nil {
		return fmt.Errorf("programs to build the guest are missing: install them with: apt install %s",
			strings.Join(missing, " "))
	}
	return nil
}
