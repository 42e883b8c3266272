package build

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// writeRoot writes the root image: the tree's usr as an erofs filesystem. Every file is root's, of time 0, and the
// filesystem's UUID is fixed, so the same tree gives the same bytes.
func writeRoot(ctx context.Context, file string, t Tree, uuid string) error {
	stage, err := os.MkdirTemp(filepath.Dir(file), ".root-")
	if err != nil {
		return fmt.Errorf("make staging folder: %w", err)
	}
	defer os.RemoveAll(stage)
	if err := stageTree(stage, t); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove old root image: %w", err)
	}
	if _, err := run(ctx, nil, "mkfs.erofs", "--quiet", "--all-root", "-T0", "-x-1", "-U"+uuid, file,
		filepath.Join(stage, "usr")); err != nil {
		return fmt.Errorf("make root image: %w", err)
	}
	return nil
}

// stageTree writes a tree below dir.
func stageTree(dir string, t Tree) error {
	for _, p := range t.Paths() {
		e, where := t[p], filepath.Join(dir, p)
		var err error
		switch {
		case e.Mode.IsDir():
			err = os.Mkdir(where, 0o755)
		case e.Mode&fs.ModeSymlink != 0:
			err = os.Symlink(e.Link, where)
		default:
			if err = os.WriteFile(where, e.Data, 0o600); err == nil {
				err = os.Chmod(where, e.Mode.Perm())
			}
		}
		if err != nil {
			return fmt.Errorf("stage %q: %w", strings.TrimPrefix(p, "/"), err)
		}
	}
	return nil
}
