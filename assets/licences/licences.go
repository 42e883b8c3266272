package licences

import (
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"slices"
	"strings"
)

// Module is a Go module that is part of Wherry.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	// Licence is its short name, for example MIT or Apache-2.0; empty if it is not known.
	Licence string `json:"licence,omitempty"`
	// Text is the licence in full, with the names of those whom the module is by.
	Text string `json:"text,omitempty"`
}

//go:embed data
var data embed.FS

// gathered is what gather writes.
const gathered = "data/modules.json.gz"

// Modules are the modules that this program was built from, sorted by path, with what was gathered about each.
func Modules() ([]Module, error) {
	known, err := read(data)
	if err != nil {
		return nil, err
	}
	var out []Module
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return known, nil
	}
	for _, d := range b.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		m := Module{Path: d.Path, Version: d.Version}
		for _, k := range known {
			if k.Path == d.Path {
				m.Licence, m.Text = k.Licence, k.Text
			}
		}
		out = append(out, m)
	}
	for _, k := range known { // what belongs to every Go program, and to the others of Wherry's
		if !slices.ContainsFunc(out, func(m Module) bool { return m.Path == k.Path }) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// read reads what was gathered; nothing if that was skipped.
func read(fsys fs.FS) ([]Module, error) {
	f, err := fsys.Open(gathered)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the licences: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read the licences: %w", err)
	}
	var known []Module
	if err := json.NewDecoder(z).Decode(&known); err != nil {
		return nil, fmt.Errorf("read the licences: %w", err)
	}
	return known, nil
}

// NameOf is the short name of a licence by its text; empty if it is none of the usual ones. A text with several licences
// has their names with "and" between them.
func NameOf(text string) string {
	flat := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	var names []string
	add := func(name string, all ...string) {
		for _, words := range all {
			if !strings.Contains(flat, words) {
				return
			}
		}
		names = append(names, name)
	}
	add("Apache-2.0", "apache license", "version 2.0")
	add("MIT", "permission is hereby granted, free of charge", "without limitation the rights to use, copy, modify")
	if strings.Contains(flat, "neither the name") || strings.Contains(flat, "may not be used to endorse") || strings.Contains(flat, "may be used to endorse") {
		add("BSD-3-Clause", "redistribution and use in source and binary forms")
	} else {
		add("BSD-2-Clause", "redistribution and use in source and binary forms")
	}
	add("ISC", "permission to use, copy, modify, and/or distribute this software")
	add("ISC", "permission to use, copy, modify, and distribute this software")
	add("MPL-2.0", "mozilla public license version 2.0")
	add("MPL-2.0", "mozilla public license, version 2.0")
	add("Zlib", "this software is provided 'as-is'", "altered source versions must be plainly marked")
	add("OFL-1.1", "sil open font license version 1.1")
	add("Unlicense", "this is free and unencumbered software released into the public domain")
	add("CC0-1.0", "cc0 1.0 universal")
	return strings.Join(slices.Compact(names), " and ")
}
