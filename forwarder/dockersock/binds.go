package dockersock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Binds decides about folders and files of the host that containers are to see: what is shared is bound where the guest
// has it, all else is refused, since the guest would make an empty folder of it.
type Binds struct {
	// Sockets are the paths under which the host's programs know docker's socket; a bind of one becomes a bind of
	// GuestSocket, dockerd's own.
	Sockets     []string
	GuestSocket string
	// Guest are folders that, in a bind, mean those of the Linux that containers run on, for example /proc and
	// /lib/modules.
	Guest []string
	// Folders are the host's that are shared now; it may wait for some. Nil: none.
	Folders func(ctx context.Context) []Folder
}

// A Folder of the host is shared with the guest.
type Folder struct {
	// Host is its path on the host, Guest where the guest has it.
	Host, Guest string
	ReadOnly    bool
	// Err says why it cannot be used at present; nil if it can.
	Err error
}

// A BindError refuses the bind of a path of the host.
type BindError struct {
	// Path is what was asked for; To is where it leads over symbolic links, empty if there are none.
	Path, To string
	// Err is what is wrong; nil if the path is not shared.
	Err error
}

func (e *BindError) Error() string {
	way := fmt.Sprintf("%q", e.Path)
	if e.To != "" {
		way += fmt.Sprintf(" (a link to %q)", e.To)
	}
	if e.Err != nil {
		return fmt.Sprintf("cannot bind %s: %v", way, e.Err)
	}
	folder := filepath.Clean(e.Path)
	if e.To != "" {
		folder = e.To
	}
	if st, err := os.Stat(folder); err == nil && !st.IsDir() {
		folder = filepath.Dir(folder)
	}
	return fmt.Sprintf("cannot bind %s: it is in no folder that is shared with containers; "+
		"share it with `wherry share add %s`, or use a volume (-v NAME:/path)", way, quoted(folder))
}

// Unwrap is what is wrong.
func (e *BindError) Unwrap() error { return e.Err }

// StatusCode is what docker answers to a request that cannot be done as it is.
func (e *BindError) StatusCode() int { return http.StatusBadRequest }

// quoted is a path as a shell takes it.
func quoted(p string) string {
	if strings.ContainsAny(p, " '\"$&;()<>|*?`") {
		return `"` + p + `"`
	}
	return p
}

// missing says what becomes of a source that is not there.
type missing int

const (
	makeMissing   missing = iota // a folder is made, as docker does for -v
	refuseMissing                // as docker does for --mount
	passMissing                  // the guest shall say it
)

// source is where the guest has what a bind asks for.
func (b Binds) source(ctx context.Context, asked string, m missing) (string, error) {
	if slices.Contains(b.Sockets, asked) {
		return b.GuestSocket, nil
	}
	if clean := path.Clean(asked); !hasDrive(asked) && slices.ContainsFunc(b.Guest, func(dir string) bool { return clean == dir || strings.HasPrefix(clean, dir+"/") }) {
		return clean, nil
	}
	folders := b.folders(ctx)
	p := asked
	if !hasDrive(p) && slices.ContainsFunc(folders, func(f Folder) bool { return hasDrive(f.Host) }) {
		if host, ok := hostPath(p); ok { // /c/Users/me, as a shell on Windows writes it
			p = host
		}
	}
	return b.shared(asked, p, folders, m)
}

func (b Binds) folders(ctx context.Context) []Folder {
	if b.Folders == nil {
		return nil
	}
	return b.Folders(ctx)
}

// shared finds the host's path p in the shared folders. Links in it are followed here, on the host: the guest's would lead
// to the guest's files.
func (b Binds) shared(asked, p string, folders []Folder, m missing) (string, error) {
	if !filepath.IsAbs(p) { // of another system than this one
		return "", &BindError{Path: asked}
	}
	real, rest, err := resolve(p)
	if err != nil {
		return "", &BindError{Path: asked, Err: err}
	}
	whole := filepath.Join(real, rest)
	refused := &BindError{Path: asked}
	if whole != filepath.Clean(p) {
		refused.To = whole
	}
	folder, rel, ok := find(folders, whole)
	switch {
	case !ok:
		return "", refused
	case folder.Err != nil:
		refused.Err = fmt.Errorf("the shared folder %s cannot be used now: %w", folder.Host, folder.Err)
		return "", refused
	case rest != "" && m == refuseMissing:
		refused.Err = errors.New("bind source path does not exist")
		return "", refused
	case rest != "" && m == makeMissing && folder.ReadOnly:
		refused.Err = fmt.Errorf("it does not exist, and %s is shared for reading only; make it first", folder.Host)
		return "", refused
	case rest != "" && m == makeMissing:
		if refused.Err = makeFolder(real, rest); refused.Err != nil {
			return "", refused
		}
	}
	return path.Join(folder.Guest, filepath.ToSlash(rel)), nil
}

// resolve follows the links of an absolute path as far as it exists; rest is what of it does not.
func resolve(p string) (real, rest string, err error) {
	for p = filepath.Clean(p); ; {
		real, err = filepath.EvalSymlinks(p)
		if err == nil {
			return real, rest, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", "", err
		}
		if st, lerr := os.Lstat(p); lerr == nil && st.Mode()&fs.ModeSymlink != 0 {
			return "", "", fmt.Errorf("%s is a link that leads nowhere", p)
		}
		parent := filepath.Dir(p)
		if parent == p {
			return "", "", err
		}
		p, rest = parent, filepath.Join(filepath.Base(p), rest)
	}
}

// find is the folder that a path without links is in, and the path's place there.
func find(folders []Folder, p string) (in Folder, rel string, ok bool) {
	for _, f := range folders {
		host := f.Host
		if real, err := filepath.EvalSymlinks(host); err == nil {
			host = real
		}
		r, err := filepath.Rel(host, p)
		if err == nil && filepath.IsLocal(r) && (!ok || len(r) < len(rel)) {
			in, rel, ok = f, r, true
		}
	}
	return in, rel, ok
}

// makeFolder makes a folder beneath a real one, without leaving that over a link that somebody makes meanwhile.
func makeFolder(real, rest string) error {
	root, err := os.OpenRoot(real)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.MkdirAll(rest, 0o755)
}

// Create is a Config's for containers: it makes binds of shared folders lead to where the guest has them, and refuses
// others with a *BindError. What it does not understand is dockerd's to refuse.
func (b Binds) Create(ctx context.Context, body []byte) ([]byte, error) {
	return b.edited(ctx, body, func(e *editor, raw rawJSON) rawJSON {
		return e.key(raw, "HostConfig", func(raw rawJSON) rawJSON {
			raw = e.key(raw, "Binds", e.binds)
			return e.key(raw, "Mounts", e.mounts)
		})
	})
}

// Service is a Config's for services of a swarm, as Create is for containers.
func (b Binds) Service(ctx context.Context, body []byte) ([]byte, error) {
	return b.edited(ctx, body, func(e *editor, raw rawJSON) rawJSON {
		return e.key(raw, "TaskTemplate", func(raw rawJSON) rawJSON {
			return e.key(raw, "ContainerSpec", func(raw rawJSON) rawJSON { return e.key(raw, "Mounts", e.mounts) })
		})
	})
}

// Volume is a Config's for volumes: one that binds a path of the host (-o o=bind -o device=PATH) is looked at as the bind
// of a container is.
func (b Binds) Volume(ctx context.Context, body []byte) ([]byte, error) {
	return b.edited(ctx, body, func(e *editor, raw rawJSON) rawJSON { return e.volume(raw, "Driver", "DriverOpts") })
}
