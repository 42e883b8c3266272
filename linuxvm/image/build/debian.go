package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/wherry-app/wherry/linuxvm/image"
)

// suite is the Debian release the guest is made of.
const suite = "trixie"

// contentsName is a file in the base that says which package has which file.
const contentsName = ".wherry-contents"

// contentsHook writes contentsName while the packages' archives are at hand.
const contentsHook = `cd "$1" && for deb in var/cache/apt/archives/*.deb; do ` +
	`dpkg-deb -W --showformat='package ${Package} ${Version}\n' "$deb" && ` +
	`dpkg-deb --fsys-tarfile "$deb" | tar -tf - | sed 's,^\./,file ,'; done >` + contentsName

// makeBase unpacks the packages into a tar file, unless it is there.
func makeBase(ctx context.Context, file, arch string, packages []string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	part := file + ".part"
	defer os.Remove(part)
	if _, err := run(ctx, nil, "mmdebstrap", "--quiet", "--variant=extract", "--format=tar", "--architectures="+arch,
		"--include="+strings.Join(packages, ","), "--extract-hook="+contentsHook, suite, part); err != nil {
		return fmt.Errorf("unpack Debian packages: %w", err)
	}
	return os.Rename(part, file)
}

// owners reads contentsName: the package of each file, and the version of each package.
func owners(text string) (owner, version map[string]string) {
	owner, version = map[string]string{}, map[string]string{}
	var pkg string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if f := strings.Fields(line); len(f) == 3 && f[0] == "package" {
			pkg = f[1]
			version[pkg] = f[2]
		} else if p, ok := strings.CutPrefix(line, "file "); ok && pkg != "" && !strings.HasSuffix(p, "/") {
			owner[mergedUsr(p)] = pkg
		}
	}
	return owner, version
}

// packagesOf describes the packages that own the files, by name.
func packagesOf(base Tree, files []string) ([]image.Package, error) {
	owner, version := owners(string(base[contentsName].Data))
	used := map[string]bool{}
	for _, p := range files {
		pkg := owner[p]
		if pkg == "" {
			return nil, fmt.Errorf("no package has %q", p)
		}
		used[pkg] = true
	}
	var out []image.Package
	for pkg := range used {
		licences := []string{}
		if way := base.Resolve(copyrightPath(base, pkg)); way != nil {
			licences = licenceNames(string(base[way[len(way)-1]].Data))
		}
		if len(licences) == 0 {
			return nil, fmt.Errorf("package %s has no licence in its copyright file", pkg)
		}
		out = append(out, image.Package{Name: pkg, Version: version[pkg], Licences: licences})
	}
	slices.SortFunc(out, func(a, b image.Package) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// copyrightPath is where a package's copyright file is; a package's folder may be a link to that of another one.
func copyrightPath(base Tree, pkg string) string {
	dir := "usr/share/doc/" + pkg
	if way := base.Resolve(dir); len(way) > 1 {
		dir = way[len(way)-1]
	}
	return dir + "/copyright"
}

var (
	licenceField  = regexp.MustCompile(`(?m)^License:[ \t]*(\S.*)$`)
	commonLicence = regexp.MustCompile(`/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])`)
	freeWords     = []struct{ words, name string }{
		{"Redistribution and use in source and binary forms", "BSD"},
		{"Permission is hereby granted, free of charge", "MIT"},
		{"GNU GENERAL PUBLIC LICENSE", "GPL"},
		{"in the public domain", "public-domain"},
	}
)

// licenceNames reads the licences' names out of a Debian copyright file: its License fields, or in a free-form file the
// common licences it points at and the well-known words it has.
func licenceNames(text string) []string {
	var names []string
	for _, m := range licenceField.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.TrimSpace(m[1]))
	}
	if names == nil {
		for _, m := range commonLicence.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		for _, w := range freeWords {
			if strings.Contains(text, w.words) {
				names = append(names, w.name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
