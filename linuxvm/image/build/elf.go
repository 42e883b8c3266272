package build

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// neededLibraries returns the paths in all of the shared libraries and the dynamic loader that the programs and
// libraries among kept need, links included.
func neededLibraries(all Tree, kept []string) ([]string, error) {
	byName := map[string]string{}
	for _, p := range all.Paths() {
		if strings.HasPrefix(p, "usr/lib/") && strings.Contains(path.Base(p), ".so") {
			if _, ok := byName[path.Base(p)]; !ok {
				byName[path.Base(p)] = p
			}
		}
	}
	var found []string
	seen := map[string]bool{}
	for queue := slices.Clone(kept); len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if seen[p] {
			continue
		}
		seen[p] = true
		names, err := needed(all[p].Data)
		if err != nil {
			return nil, fmt.Errorf("read libraries of %q: %w", p, err)
		}
		for _, name := range names {
			lib := byName[name]
			if path.IsAbs(name) {
				lib = name[1:]
			}
			way := all.Resolve(lib)
			if way == nil {
				return nil, fmt.Errorf("%q needs library %q, which no package has", p, name)
			}
			found = append(found, way...)
			queue = append(queue, way[len(way)-1])
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// needed returns the names of the libraries an ELF file is linked with and the path of its loader; nothing for other
// files.
func needed(data []byte) ([]string, error) {
	if !bytes.HasPrefix(data, []byte(elf.ELFMAG)) {
		return nil, nil
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil, err
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b, err := io.ReadAll(p.Open())
			if err != nil {
				return nil, err
			}
			names = append(names, strings.TrimRight(string(b), "\x00"))
		}
	}
	return names, nil
}
