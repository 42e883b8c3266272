package kmod

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
)

// A Module is one kernel module.
type Module struct {
	// Name as the kernel says it, with underscores.
	Name string
	// Path of the decompressed module file.
	Path string
	// Deps are the names of modules that must be loaded before it.
	Deps []string
	// Aliases are other names that lead to it, with shell wildcards.
	Aliases []string
}

// An Index finds modules by name or alias.
type Index struct {
	modules map[string]Module
	aliases []alias
}

type alias struct{ pattern, name string }

// ErrUnknown is wrapped when no module has a name or alias.
var ErrUnknown = errors.New("unknown kernel module")

// Normal is the kernel's spelling of a module's name.
func Normal(name string) string { return strings.ReplaceAll(name, "-", "_") }

// NewIndex makes an index of modules.
func NewIndex(modules []Module) *Index {
	x := &Index{modules: make(map[string]Module, len(modules))}
	for _, m := range modules {
		m.Name = Normal(m.Name)
		x.modules[m.Name] = m
		for _, a := range m.Aliases {
			x.aliases = append(x.aliases, alias{Normal(a), m.Name})
		}
	}
	slices.SortFunc(x.aliases, func(a, b alias) int {
		return cmp.Or(strings.Compare(a.pattern, b.pattern), strings.Compare(a.name, b.name))
	})
	return x
}

// Parse reads what Text wrote. Lines it does not know are ignored.
func Parse(text string) *Index {
	var modules []Module
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) >= 3 && f[0] == "module":
			modules = append(modules, Module{Name: f[1], Path: f[2], Deps: f[3:]})
		case len(f) >= 2 && f[0] == "alias" && len(modules) > 0:
			m := &modules[len(modules)-1]
			m.Aliases = append(m.Aliases, f[1:]...)
		}
	}
	return NewIndex(modules)
}

// Text is the index as text: a line "module NAME PATH DEPS…" for each module, sorted, and after it, if it has aliases, a
// line "alias PATTERN…".
func (x *Index) Text() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(x.modules)) {
		m := x.modules[name]
		b.WriteString("module " + name + " " + m.Path)
		for _, d := range m.Deps {
			b.WriteString(" " + d)
		}
		b.WriteByte('\n')
		if len(m.Aliases) > 0 {
			b.WriteString("alias " + strings.Join(m.Aliases, " ") + "\n")
		}
	}
	return b.String()
}

// Find returns the names of the modules that a name or alias leads to: the module of that name alone, else all whose
// aliases match; none is ErrUnknown.
func (x *Index) Find(name string) ([]string, error) {
	name = Normal(name)
	if _, ok := x.modules[name]; ok {
		return []string{name}, nil
	}
	var found []string
	for _, a := range x.aliases {
		if match(a.pattern, name) {
			found = append(found, a.name)
		}
	}
	if found == nil {
		return nil, unknown(name)
	}
	return found, nil
}

// Order returns the modules that the names or aliases lead to and all that they need, each once and after its needs.
func (x *Index) Order(names ...string) ([]Module, error) {
	var order []Module
	seen := map[string]bool{}
	var visit func(string) error
	visit = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		m, ok := x.modules[name]
		if !ok {
			return unknown(name)
		}
		for _, d := range m.Deps {
			if err := visit(d); err != nil {
				return err
			}
		}
		order = append(order, m)
		return nil
	}
	for _, n := range names {
		found, err := x.Find(n)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if err := visit(f); err != nil {
				return nil, err
			}
		}
	}
	return order, nil
}

// All returns all modules, each after its needs. Needs that are not in the index are taken to be met.
func (x *Index) All() []Module {
	var order []Module
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		m, ok := x.modules[name]
		if seen[name] || !ok {
			return
		}
		seen[name] = true
		for _, d := range m.Deps {
			visit(d)
		}
		order = append(order, m)
	}
	for _, name := range slices.Sorted(maps.Keys(x.modules)) {
		visit(name)
	}
	return order
}

func unknown(name string) error { return &nameError{name} }

type nameError struct{ name string }

func (e *nameError) Error() string { return ErrUnknown.Error() + " " + e.name }
func (e *nameError) Unwrap() error { return ErrUnknown }

// match reports whether s matches a pattern with *, ? and [sets].
func match(pattern, s string) bool {
	for len(pattern) > 0 {
		switch pattern[0] {
		case '*':
			for i := 0; i <= len(s); i++ {
				if match(pattern[1:], s[i:]) {
					return true
				}
			}
			return false
		case '[':
			end := strings.IndexByte(pattern, ']')
			if end < 0 || s == "" || !inSet(pattern[1:end], s[0]) {
				return false
			}
			pattern, s = pattern[end+1:], s[1:]
		default:
			if s == "" || pattern[0] != '?' && pattern[0] != s[0] {
				return false
			}
			pattern, s = pattern[1:], s[1:]
		}
	}
	return s == ""
}

func inSet(set string, c byte) bool {
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if set[i] <= c && c <= set[i+2] {
				return true
			}
			i += 2
		} else if set[i] == c {
			return true
		}
	}
	return false
}
