package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/wherry-app/wherry/app/doctor"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/assets/licences"
	"github.com/wherry-app/wherry/ui/model"
	"github.com/wherry-app/wherry/ui/pages"
)

// examiner asks the wherry program, which has what the window has not: the drivers.
type examiner struct {
	home    home.Dir
	program string
}

var _ pages.Examiner = examiner{}

// Examine implements pages.Examiner.
func (e examiner) Examine(ctx context.Context) ([]model.Check, error) {
	r, err := doctor.Ask(ctx, e.program, e.home)
	if err != nil {
		return nil, err
	}
	var out []model.Check
	for _, c := range r.Checks {
		out = append(out, model.Check{Title: c.Title, Verdict: string(c.Verdict), Message: c.Message, Fix: c.Fix})
	}
	return out, nil
}

// Collect implements pages.Examiner.
func (e examiner) Collect(ctx context.Context, file string) error {
	return doctor.Collect(ctx, e.program, e.home, file)
}

// Licences implements pages.Examiner: those of the programs' modules, and of the packages in the guest image if there is
// one on this computer.
func (e examiner) Licences(context.Context) ([]model.Licence, error) {
	modules, err := licences.Modules()
	if err != nil {
		return nil, err
	}
	var out []model.Licence
	for _, m := range modules {
		out = append(out, model.Licence{Part: "programs", Name: m.Path, Version: m.Version, Licence: m.Licence, Text: m.Text})
	}
	dir, ok := e.home.ImageDir(runtime.GOARCH)
	if !ok {
		return out, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return out, fmt.Errorf("read the guest image's manifest: %w", err)
	}
	var manifest struct {
		Packages []struct {
			Name     string
			Version  string
			Licences []string
		}
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		return out, fmt.Errorf("read the guest image's manifest: %w", err)
	}
	for _, p := range manifest.Packages {
		text := strings.Join([]string{
			p.Name + " " + p.Version, "Licences: " + strings.Join(p.Licences, ", "), "",
			"A Debian package in the guest image. Its copyright file is in the image:", "wherry shell cat /usr/share/doc/" + p.Name + "/copyright",
		}, "\n")
		out = append(out, model.Licence{Part: "guest image", Name: p.Name, Version: p.Version, Licence: strings.Join(p.Licences, ", "), Text: text})
	}
	return out, nil
}
