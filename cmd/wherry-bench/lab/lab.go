package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
)

// Config says what is measured.
type Config struct {
	// Program is the wherry to measure.
	Program string
	// Settings are set before the first start, for example "accel": "tcg".
	Settings map[string]string
	// Env are variables of the engine's environment beside those of this process.
	Env []string
}

// Lab is one engine and a folder for what belongs to it.
type Lab struct {
	config Config
	root   string
	home   home.Dir
	env    []string
	fresh  bool // Fresh was called: it has its settings
}

// New makes the folders. Nothing runs yet.
func New(c Config) (*Lab, error) {
	program, err := filepath.Abs(c.Program)
	if err != nil {
		return nil, fmt.Errorf("find wherry: %w", err)
	}
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("find wherry: %w (run `make build`)", err)
	}
	c.Program = program
	root, err := os.MkdirTemp("", "wherry-bench-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	dir, err := home.At(filepath.Join(root, "home"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	env := append(append(os.Environ(), c.Env...), home.EnvVar+"="+dir.Root(), "DOCKER_HOST="+dir.DockerHost(), "DOCKER_CONFIG="+filepath.Join(root, "docker"))
	return &Lab{config: c, root: root, home: dir, env: env}, nil
}

// Before makes the programs in a folder go before those of the same name elsewhere, from the next start of the daemon on;
// remove undoes that.
func (l *Lab) Before(dir string) (remove func()) {
	old := l.env
	l.env = append(slices.Clone(old), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() { l.env = old }
}

// File is the path of a file of that name in the lab's own folder.
func (l *Lab) File(name string) string { return filepath.Join(l.root, name) }

// Home is the engine's state directory.
func (l *Lab) Home() home.Dir { return l.home }

// Close ends the engine and removes its folder. It may be called again.
func (l *Lab) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := os.Stat(l.home.Root()); err == nil {
		_, err := l.Wherry(ctx, nil, "stop", "--force")
		if err := errors.Join(err, l.quit(ctx)); err != nil {
			return fmt.Errorf("end the engine, whose files are left in %s: %w", l.root, err)
		}
	}
	return os.RemoveAll(l.root)
}

// Logs are the ends of the engine's logs, for finding out why something failed.
func (l *Lab) Logs() string {
	const end = 3000
	var b strings.Builder
	for _, source := range app.LogSources() {
		text, err := os.ReadFile(l.home.Log(source))
		if err != nil {
			continue // there is none
		}
		fmt.Fprintf(&b, "end of the %s log:\n%s\n", source, text[max(0, len(text)-end):])
	}
	return b.String()
}

// Wherry runs a command of the program under measurement and returns what it printed.
func (l *Lab) Wherry(ctx context.Context, in io.Reader, args ...string) (string, error) {
	return l.run(ctx, in, l.config.Program, args...)
}

// Docker runs the docker command line against the engine and returns what it printed.
func (l *Lab) Docker(ctx context.Context, in io.Reader, args ...string) (string, error) {
	return l.run(ctx, in, "docker", args...)
}

// DockerTo is Docker with its output going to out.
func (l *Lab) DockerTo(ctx context.Context, out io.Writer, args ...string) error {
	return l.runTo(ctx, nil, out, "docker", args...)
}

// DockerIO is DockerTo with an input.
func (l *Lab) DockerIO(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	return l.runTo(ctx, in, out, "docker", args...)
}

func (l *Lab) run(ctx context.Context, in io.Reader, program string, args ...string) (string, error) {
	var out bytes.Buffer
	err := l.runTo(ctx, in, &out, program, args...)
	return out.String(), err
}

// runTo runs a program in the engine's environment. When ctx ends it is interrupted, as from the keyboard.
func (l *Lab) runTo(ctx context.Context, in io.Reader, out io.Writer, program string, args ...string) error {
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = l.env, in, out, &errs
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	err := cmd.Run()
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	said := strings.TrimSpace(errs.String())
	return fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, said[max(0, len(said)-1000):])
}
