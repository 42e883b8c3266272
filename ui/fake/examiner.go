package fake

import (
	"context"
	"os"

	"github.com/wherry-app/wherry/ui/model"
)

// Examiner examines nothing.
type Examiner struct{}

// Examine gives one check of each verdict.
func (Examiner) Examine(context.Context) ([]model.Check, error) {
	return []model.Check{
		{Title: "hypervisor", Verdict: "ok", Message: "QEMU 10.0.2 runs machines with kvm"},
		{Title: "state directory", Verdict: "warning", Message: "only 3.1 GiB are free on the disk of /home/me/.local/share/wherry", Fix: "Free some space, or move the state directory with WHERRY_HOME."},
		{Title: "docker's socket", Verdict: "problem", Message: "the path /home/me/a-folder-with-a-very-long-name/that-no-socket-can-have/because-it-is-longer-than-104-bytes/docker.sock is too long", Fix: "Set WHERRY_HOME to a shorter path and start the engine again."},
		{Title: "docker command", Verdict: "unknown", Message: "there is no docker command in PATH"},
	}, nil
}

// Collect writes a file that is no archive.
func (Examiner) Collect(_ context.Context, file string) error {
	return os.WriteFile(file, []byte("diagnosis"), 0o600)
}

// Licences are some of both parts.
func (Examiner) Licences(context.Context) ([]model.Licence, error) {
	return []model.Licence{
		{Part: "programs", Name: "fyne.io/fyne/v2", Version: "v2.7.1", Licence: "BSD-3-Clause", Text: "Redistribution and use in source and binary forms"},
		{Part: "programs", Name: "github.com/moby/moby/client", Version: "v0.6.1", Licence: "Apache-2.0", Text: "Apache License"},
		{Part: "guest image", Name: "docker.io", Version: "26.1.5+dfsg1-9+b9", Licence: "Apache-2.0"},
	}, nil
}
