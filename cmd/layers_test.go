// Package cmd_test holds the rules that the whole repository keeps.
package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wherry-app/wherry/"

// allowed says which layers a layer may import, beside itself. See docs/architecture.md.
func allowed() map[string][]string {
	return map[string][]string{
		"cmd":       {"ui", "app", "vmhost", "linuxvm", "forwarder", "assets"},
		"ui":        {"app", "assets"},
		"app":       {"vmhost", "linuxvm", "forwarder", "assets"},
		"vmhost":    {},
		"linuxvm":   {"assets"},
		"forwarder": {},
		"assets":    {},
	}
}

type pkg struct {
	ImportPath, Dir           string
	Imports                   []string
	TestImports, XTestImports []string
	GoFiles                   []string
	Name                      string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles,Name", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func layer(importPath string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(importPath, module), "/")
	return first
}

func TestLayersImportDownwardsOnly(t *testing.T) {
	rules := allowed()
	seen := 0
	for _, p := range packages(t) {
		from := layer(p.ImportPath)
		may, known := rules[from]
		if !known {
			t.Errorf("%s: the top level has no folder %q", p.ImportPath, from)
		}
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			seen++
			if to := layer(imp); to != from && !slices.Contains(may, to) {
				t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, imp, from, may)
			}
			if from == "ui" && strings.HasPrefix(imp, module+"app/engine") {
				t.Errorf("%s imports %s: the interface sees the Service, never the engine", p.ImportPath, imp)
			}
		}
	}
	if seen == 0 {
		t.Fatal("no imports were looked at")
	}
}

func TestEveryPackageHasADocFile(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		file := filepath.Join(p.Dir, "doc.go")
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", p.ImportPath, err)
			continue
		}
		if f.Doc == nil || len(f.Doc.Text()) < 60 {
			t.Errorf("%s: doc.go does not say what the package owns", p.ImportPath)
		}
	}
}

// The operating system and the hypervisor are known to platform files and drivers, never to logic.
func TestLogicKnowsNoOperatingSystem(t *testing.T) {
	for _, root := range []string{"../app", "../forwarder", "../ui"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, word := range []string{"runtime.GOOS", "vmhost/qemu", "vmhost/vz"} {
				if bytes.Contains(b, []byte(word)) {
					t.Errorf("%s mentions %s", path, word)
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// cgo is for Apple's framework and for the window, nothing else: the CLI must build anywhere.
func TestCommandLineNeedsNoCgo(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if .CgoFiles}}{{if not .Standard}}{{.ImportPath}}{{end}}{{end}}", "./wherry", "./wherry-guest")
	cmd.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list dependencies: %v", err)
	}
	if len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("needs cgo: %s", out)
	}
}
