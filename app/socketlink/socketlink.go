package socketlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/wherry-app/wherry/app"
)

// Path is where the link is made.
const Path = "/var/run/docker.sock"

// State is what is at Path.
type State string

// The states.
const (
	Absent  State = "absent"  // nothing
	Ours    State = "ours"    // a link to our socket
	Foreign State = "foreign" // another engine's socket, or a link to one
)

// Look says what is at a path, and for a link where it leads to.
func Look(path, socket string) (State, string, error) {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Absent, "", nil
	case err != nil:
		return "", "", fmt.Errorf("look at %s: %w", path, err)
	case st.Mode()&fs.ModeSymlink == 0:
		return Foreign, "", nil
	}
	to, err := os.Readlink(path)
	if err != nil {
		return "", "", fmt.Errorf("look at %s: %w", path, err)
	}
	if to == socket {
		return Ours, to, nil
	}
	return Foreign, to, nil
}

// Asker runs a command with the rights of the system's administrator.
type Asker struct {
	// Root says that this process has the rights already.
	Root bool
	// Terminal says that the user can be asked for a password there.
	Terminal bool
	// Has tells whether a program is installed.
	Has func(program string) bool
	// Stdin, Stdout and Stderr are the terminal's.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// NewAsker is an Asker for this process.
func NewAsker(terminal bool, in io.Reader, out, errOut io.Writer) Asker {
	has := func(p string) bool { _, err := exec.LookPath(p); return err == nil }
	return Asker{Root: os.Geteuid() == 0, Terminal: terminal, Has: has, Stdin: in, Stdout: out, Stderr: errOut}
}

// Link makes path a link to socket. One that is there already is left; what is not ours is refused.
func Link(ctx context.Context, a Asker, path, socket string) error {
	state, to, err := Look(path, socket)
	switch {
	case err != nil:
		return err
	case state == Ours:
		return nil
	case state == Foreign && !dangling(path):
		what := "a socket of another program"
		if to != "" {
			what = "a link to " + to
		}
		return app.Errorf("stop that program and remove the file, or use `wherry context use`", "%s is %s", path, what)
	}
	return a.run(ctx, LinkScript(path, socket))
}

// Unlink removes the link at path if it leads to socket; anything else stays. It is idempotent.
func Unlink(ctx context.Context, a Asker, path, socket string) error {
	state, _, err := Look(path, socket)
	if err != nil || state != Ours {
		return err
	}
	return a.run(ctx, UnlinkScript(path))
}

// dangling says whether path is a link that leads nowhere, such as an uninstalled engine leaves.
func dangling(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// run runs a shell's script with the administrator's rights.
func (a Asker) run(ctx context.Context, script string) error {
	argv := a.command(script)
	if argv == nil {
		return app.Errorf("run it in a terminal as the system's administrator: "+script, "there is no way to ask for the rights this needs")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.Stdin, a.Stdout, a.Stderr
	if err := cmd.Run(); err != nil {
		return app.Errorf("try again, or run as the system's administrator: "+script, "%s: %w", filepath.Base(argv[0]), err)
	}
	return nil
}

// LinkScript is the shell's script that makes the link. Where the system has systemd, whose /run is empty after each boot,
// it also sees to it that the link is made again.
func LinkScript(path, socket string) string {
	return "ln -sfn " + quote(socket) + " " + quote(path) + rememberLink(path, socket)
}

// UnlinkScript is the shell's script that undoes LinkScript.
func UnlinkScript(path string) string { return "rm -f " + quote(path) + forgetLink() }

// quote quotes a word for a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
