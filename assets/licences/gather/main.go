package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/wherry-app/wherry/assets/licences"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gather FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gather:", err)
		os.Exit(1)
	}
}

// programs are those whose modules count.
func programs(system string) []string {
	if system == "linux" {
		return []string{"./cmd/wherry", "./cmd/wherry-desktop", "./cmd/wherry-guest"}
	}
	return []string{"./cmd/wherry", "./cmd/wherry-desktop"}
}

func run(file string) error {
	found := map[string]licences.Module{}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("find Go: %w", err)
	}
	goLicence, err := texts(strings.TrimSpace(string(root)))
	if err != nil {
		return err
	}
	found["std"] = licences.Module{Path: "std", Version: runtime.Version(), Text: goLicence}
	for _, system := range []string{"linux", "windows", "darwin"} {
		if err := gather(system, found); err != nil {
			return err
		}
	}
	var all []licences.Module
	for _, m := range found {
		m.Licence = licences.NameOf(m.Text)
		if m.Licence == "" {
			fmt.Fprintf(os.Stderr, "gather: the licence of %s is none of the usual ones\n", m.Path)
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b licences.Module) int { return strings.Compare(a.Path, b.Path) })
	return write(file, all)
}

// gather adds the modules of the programs on a system.
func gather(system string, found map[string]licences.Module) error {
	args := append([]string{"list", "-deps", "-tags", "no_emoji", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}"}, programs(system)...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the modules of %s: %w", system, err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 || found[f[0]].Path != "" {
			continue
		}
		text, err := texts(f[2])
		if err != nil {
			return err
		}
		found[f[0]] = licences.Module{Path: f[0], Version: f[1], Text: text}
	}
	return nil
}

// texts joins the licence files of a module, those of code it has taken in included.
func texts(dir string) (string, error) {
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && rel != "." && (strings.Count(rel, string(filepath.Separator)) > 1 || d.Name() == "testdata" || d.Name() == "src" || d.Name() == "test"):
			return fs.SkipDir
		case d.IsDir() || !isLicence(d.Name()):
			return nil
		}
		b, err := os.ReadFile(path)
		text := strings.TrimSpace(string(b))
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the licences in %s: %w", dir, err)
	}
	return strings.Join(all, "\n\n"+strings.Repeat("-", 72)+"\n\n"), nil
}

func isLicence(name string) bool {
	name = strings.ToUpper(name)
	for _, word := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE"} {
		if strings.HasPrefix(name, word) && !strings.HasSuffix(name, ".GO") {
			return true
		}
	}
	return false
}

// write writes the modules, and leaves a file alone that has them already.
func write(file string, all []licences.Module) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(z).Encode(all); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, b.Bytes()) {
		return nil
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
