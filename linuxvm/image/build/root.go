package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/linuxvm/pid1/kmod"
)

// Where things are in the guest. The root image is mounted on /usr; the initrd's program makes the rest.
const (
	libDir     = "usr/lib/wherry"
	agentPath  = libDir + "/agent"
	initPath   = libDir + "/init"
	indexPath  = libDir + "/modules.index"
	bootPath   = libDir + "/modules.boot"
	latePath   = libDir + "/modules.late"
	etcDir     = libDir + "/etc"
	modulesDir = "usr/lib/modules"
	initrdList = "modules"
)

// A parts is what an image is assembled from, all in memory.
type parts struct {
	release  string // of the kernel
	kernel   []byte
	initrd   Tree
	root     Tree
	packages []image.Package
	welcome  []byte // an archive for docker
}

// An assembler turns unpacked packages into parts.
type assembler struct {
	arch        string
	lists       fs.FS
	agent, init []byte
	decompress  func(ctx context.Context, program string, data []byte) ([]byte, error)
}

// keepOfBase says which files of the packages are worth reading at all.
func keepOfBase(files matcher) func(string) bool {
	return func(p string) bool {
		p = mergedUsr(p)
		return p == contentsName || files.keeps(p) || strings.HasPrefix(p, "boot/vmlinuz-") ||
			strings.HasPrefix(p, modulesDir) || strings.HasPrefix(p, "usr/share/doc/") ||
			strings.HasPrefix(p, "usr/lib") && strings.Contains(path.Base(p), ".so")
	}
}

// assemble makes the parts of an image.
func (a *assembler) assemble(ctx context.Context, base Tree) (*parts, error) {
	out := &parts{initrd: Tree{}, root: Tree{}}
	kept, err := a.pickFiles(base, out.root)
	if err != nil {
		return nil, err
	}
	kernelFile, err := a.makeKernel(ctx, base, out)
	if err != nil {
		return nil, err
	}
	if err := a.addModules(ctx, base, out); err != nil {
		return nil, err
	}
	if out.packages, err = packagesOf(base, append(kept, kernelFile)); err != nil {
		return nil, err
	}
	for _, p := range out.packages {
		way := base.Resolve(copyrightPath(base, p.Name))
		out.root.PutFile("usr/share/doc/"+p.Name+"/copyright", 0o644, base[way[len(way)-1]].Data)
	}
	if err := a.addOurs(base, out); err != nil {
		return nil, err
	}
	return out, nil
}

// pickFiles copies the files that the list names and the libraries they need into root, and returns their paths.
func (a *assembler) pickFiles(base, root Tree) ([]string, error) {
	patterns, err := lines(a.lists, "files", a.arch)
	if err != nil {
		return nil, err
	}
	var kept []string
	for _, pattern := range patterns {
		m, err := newMatcher([]string{pattern})
		if err != nil {
			return nil, err
		}
		n := len(kept)
		for _, p := range base.Paths() {
			if m.keeps(p) {
				kept = append(kept, p)
			}
		}
		if len(kept) == n {
			return nil, fmt.Errorf("list of files: no package has %q", pattern)
		}
	}
	libraries, err := neededLibraries(base, kept)
	if err != nil {
		return nil, err
	}
	kept = append(kept, libraries...)
	slices.Sort(kept)
	kept = slices.Compact(kept)
	for _, p := range kept {
		if name, ok := strings.CutPrefix(p, "etc/"); ok {
			root.Put(etcDir+"/"+name, base[p])
		} else {
			root.Put(p, base[p])
		}
	}
	return kept, nil
}

// makeKernel finds the kernel, notes its release and returns its file.
func (a *assembler) makeKernel(ctx context.Context, base Tree, out *parts) (string, error) {
	for _, p := range base.Paths() {
		release, ok := strings.CutPrefix(p, "boot/vmlinuz-")
		if !ok {
			continue
		}
		kernel, err := bootKernel(base[p].Data, func(data []byte) ([]byte, error) {
			return a.decompress(ctx, "zstd", data)
		})
		out.release, out.kernel = release, kernel
		return p, err
	}
	return "", errors.New("no package has a kernel")
}

// addModules puts the kept modules and their index into root, and those of the first stage into initrd.
func (a *assembler) addModules(ctx context.Context, base Tree, out *parts) error {
	dir := path.Join(modulesDir, out.release)
	all, err := a.readModules(ctx, base, dir+"/kernel/")
	if err != nil {
		return err
	}
	patterns, err := lines(a.lists, "modules", a.arch)
	if err != nil {
		return err
	}
	keep, err := newMatcher(patterns)
	if err != nil {
		return err
	}
	picked, err := pickModules(all, keep)
	if err != nil {
		return err
	}
	index, err := indexModules(picked, "/"+dir+"/kernel", builtIn(string(base[dir+"/modules.builtin"].Data)))
	if err != nil {
		return err
	}
	for _, m := range picked {
		out.root.PutFile(path.Join(dir, "kernel", m.path+".ko"), 0o644, m.data)
	}
	out.root.PutFile(indexPath, 0o644, []byte(index.Text()))
	for name, text := range depmodFiles(index) {
		out.root.PutFile(path.Join(dir, name), 0o644, []byte(text))
	}
	for list, where := range map[string]string{"modules.boot": bootPath, "modules.late": latePath} {
		order, err := a.order(index, list)
		if err != nil {
			return err
		}
		out.root.PutFile(where, 0o644, []byte(kmod.NewIndex(order).Text()))
	}
	first, err := a.order(index, "modules.initrd")
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, m := range first {
		p := m.Name + ".ko"
		out.initrd.PutFile(p, 0o644, picked[m.Name].data)
		list.WriteString("/" + p + "\n")
	}
	out.initrd.PutFile(initrdList, 0o644, []byte(list.String()))
	return nil
}

// order returns the modules on a list and what they need, without those that the kernel has built in.
func (a *assembler) order(index *kmod.Index, list string) ([]kmod.Module, error) {
	names, err := lines(a.lists, list, a.arch)
	if err != nil {
		return nil, err
	}
	order, err := index.Order(names...)
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", list, err)
	}
	return slices.DeleteFunc(order, func(m kmod.Module) bool { return m.Path == kmod.BuiltIn }), nil
}

// readModules decompresses all modules below a folder, on all processors.
func (a *assembler) readModules(ctx context.Context, base Tree, dir string) (map[string]moduleFile, error) {
	var mu sync.Mutex
	var errs []error
	all := map[string]moduleFile{}
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for p, e := range base {
		name, compressed, ok := strings.Cut(strings.TrimPrefix(p, dir), ".ko")
		if !ok || !strings.HasPrefix(p, dir) {
			continue
		}
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			m, err := a.readModule(ctx, name, compressed, e.Data)
			mu.Lock()
			defer mu.Unlock()
			all[moduleName(name)] = m
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return all, errors.Join(errs...)
}

func (a *assembler) readModule(ctx context.Context, name, compressed string, data []byte) (moduleFile, error) {
	program := map[string]string{".xz": "xz", ".zst": "zstd"}[compressed]
	if program != "" {
		var err error
		if data, err = a.decompress(ctx, program, data); err != nil {
			return moduleFile{}, fmt.Errorf("decompress module %q: %w", name, err)
		}
	}
	return newModuleFile(name, data)
}

// addOurs adds the agent, the first program, /etc, links and certificates.
func (a *assembler) addOurs(base Tree, out *parts) error {
	out.root.PutFile(agentPath, 0o755, a.agent)
	out.root.PutFile(initPath, 0o755, a.init)
	out.initrd.PutFile("init", 0o755, a.init)
	out.initrd.Put("dev/console", Entry{Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600})
	for _, dir := range []string{"proc", "new"} {
		out.initrd.Put(dir, Entry{Mode: fs.ModeDir | 0o755})
	}
	err := fs.WalkDir(a.lists, "etc", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(a.lists, p)
		out.root.PutFile(etcDir+strings.TrimPrefix(p, "etc"), 0o644, data)
		return err
	})
	if err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	out.root.PutFile(etcDir+"/ssl/certs/ca-certificates.crt", 0o644, certificates(out.root))
	out.root.PutFile(etcDir+"/debian_version", 0o644, []byte(suite+"\n"))
	if err := a.addLinks(out.root); err != nil {
		return err
	}
	return a.changePrograms(out.root)
}

// addLinks adds the links that are listed and those of busybox.
func (a *assembler) addLinks(root Tree) error {
	links, err := lines(a.lists, "links", a.arch)
	if err != nil {
		return err
	}
	for _, l := range links {
		where, target, _ := strings.Cut(l, " ")
		root.PutLink(where, strings.TrimSpace(target))
	}
	applets, err := lines(a.lists, "applets", a.arch)
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(strings.Join(applets, " ")) {
		if _, ok := root["usr/bin/"+name]; !ok {
			root.PutLink("usr/bin/"+name, "busybox")
		}
	}
	return nil
}

// changePrograms gives programs fixed addresses, and adds stubs.
func (a *assembler) changePrograms(root Tree) error {
	fixed, err := lines(a.lists, "fixed", a.arch)
	if err != nil {
		return err
	}
	for _, p := range fixed {
		program, err := fixAddress(root[p].Data)
		if err != nil {
			return fmt.Errorf("fix address of %q: %w", p, err)
		}
		root.PutFile(p, root[p].Mode, program)
	}
	stubs, err := lines(a.lists, "stubs", a.arch)
	if err != nil {
		return err
	}
	for _, l := range stubs {
		where, target, _ := strings.Cut(l, " ")
		program, err := stub(a.arch, strings.TrimSpace(target))
		if err != nil {
			return err
		}
		root.PutFile(where, 0o755, program)
	}
	return nil
}

// certificates takes the single certificates out of root and returns them as one bundle.
func certificates(root Tree) []byte {
	var all [][]byte
	for _, p := range root.Paths() {
		if strings.HasPrefix(p, "usr/share/ca-certificates/") {
			if data := root[p].Data; data != nil {
				all = append(all, append(bytes.TrimSpace(data), '\n'))
			}
			delete(root, p)
		}
	}
	return bytes.Join(all, nil)
}
