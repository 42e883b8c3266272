package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// An Entry is a file, folder or symbolic link.
type Entry struct {
	Mode fs.FileMode // type and permissions
	Data []byte      // a file's content
	Link string      // a symbolic link's target
}

// A Tree is a file tree: paths without a leading slash to entries. Everything belongs to root.
type Tree map[string]Entry

// Paths returns the tree's paths in order; a folder comes before what is in it.
func (t Tree) Paths() []string {
	return slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
}

// Put adds an entry and the folders above it.
func (t Tree) Put(p string, e Entry) {
	t[p] = e
	for d := path.Dir(p); d != "."; d = path.Dir(d) {
		if _, ok := t[d]; ok {
			return
		}
		t[d] = Entry{Mode: fs.ModeDir | 0o755}
	}
}

// PutFile adds a file.
func (t Tree) PutFile(p string, perm fs.FileMode, data []byte) {
	t.Put(p, Entry{Mode: perm, Data: data})
}

// PutLink adds a symbolic link.
func (t Tree) PutLink(p, target string) {
	t.Put(p, Entry{Mode: fs.ModeSymlink | 0o777, Link: target})
}

// Resolve follows symbolic links inside the tree (in the last element of the path, and at the top for Debian's merged
// /usr) and returns the paths on the way, the file last. It is nil when it ends nowhere.
func (t Tree) Resolve(p string) []string {
	var way []string
	for range 10 {
		p = mergedUsr(p)
		e, ok := t[p]
		if !ok {
			return nil
		}
		way = append(way, p)
		if e.Mode&fs.ModeSymlink == 0 {
			return way
		}
		if path.IsAbs(e.Link) {
			p = path.Clean(e.Link)[1:]
		} else {
			p = path.Join(path.Dir(p), e.Link)
		}
	}
	return nil
}

func mergedUsr(p string) string {
	top, _, _ := strings.Cut(p, "/")
	switch top {
	case "bin", "sbin", "lib", "lib64":
		return "usr/" + p
	}
	return p
}

// readTar reads the entries for which keep says so; hard links become copies. Other kinds of entries are left out.
func readTar(r io.Reader, keep func(p string) bool) (Tree, error) {
	t := Tree{}
	hard := map[string]string{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read tar: %w", err)
		}
		p := path.Clean(strings.TrimPrefix(h.Name, "./"))
		if !keep(p) {
			continue
		}
		switch h.Typeflag {
		case tar.TypeReg:
			data, err := io.ReadAll(tr)
			if err != nil {
				return nil, fmt.Errorf("read %q from tar: %w", p, err)
			}
			t.PutFile(p, h.FileInfo().Mode().Perm(), data)
		case tar.TypeSymlink:
			t.PutLink(p, h.Linkname)
		case tar.TypeLink:
			hard[p] = path.Clean(strings.TrimPrefix(h.Linkname, "./"))
		}
	}
	for p, target := range hard {
		e, ok := t[target]
		if !ok {
			return nil, fmt.Errorf("hard link %q: its target %q is not kept", p, target)
		}
		t.Put(p, e)
	}
	return t, nil
}
