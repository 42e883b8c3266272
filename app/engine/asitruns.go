package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/vmhost"
)

// asItRuns makes the plan that of the machine that was left running, so that it is taken over as it is: what is different
// now, after an upgrade for example, is taken up by the next start. It is an error if a newer Wherry started it.
func (s *session) asItRuns(a vmhost.Adopter) error {
	r, ok := a.(vmhost.Recorder)
	if !ok {
		return nil
	}
	was, err := r.Recorded(s.life, s.plan.spec.Dir)
	switch {
	case errors.Is(err, vmhost.ErrNewer):
		return err
	case err != nil:
		return nil //nolint:nilerr // adopting it will say what is wrong
	case was.Dir == s.plan.spec.Dir && slices.ContainsFunc(was.Disks, func(d vmhost.Disk) bool { return d.ID == dataDiskID && d.Path == s.cfg.Home.DataDisk() }):
		s.plan.spec = was
	}
	return nil
}

// different tells the user what of an adopted machine is not as it would be made now.
func (s *session) different(wanted vmhost.Spec) {
	is := s.plan.spec
	s.plan.settings.CPUs, s.plan.settings.Memory = is.CPUs, is.Memory
	var what []string
	if is.CPUs != wanted.CPUs || is.Memory != wanted.Memory || is.Accel != wanted.Accel {
		what = append(what, "settings")
	}
	if s.binding() != s.plan.image.Manifest.Inputs || is.Kernel != wanted.Kernel || is.Cmdline != wanted.Cmdline {
		what = append(what, "guest image")
	}
	if len(what) == 0 {
		return
	}
	info := app.InfoOf(app.Errorf("run `wherry restart` when it suits you", "the VM runs with the earlier %s", strings.Join(what, " and ")))
	s.report("", func(snap *app.Snapshot) { snap.SetWarning(app.WarnRestart, info) })
}

// runningFile says which guest image the machine was booted from: the file may have been replaced since.
func runningFile(root string) string { return filepath.Join(root, "running.json") }

// runningVersion is raised when the file means something else than before.
const runningVersion = 1

type runningImage struct {
	Version int    `json:"version"`
	Image   string `json:"image"`
}

// noteImage writes down which image a machine was booted from.
func (s *session) noteImage() {
	text, err := json.Marshal(runningImage{Version: runningVersion, Image: s.plan.image.Manifest.Inputs})
	if err == nil {
		err = os.WriteFile(runningFile(s.cfg.Home.Root()), text, 0o600)
	}
	if err != nil {
		s.log.Warn("note the running image", "error", err)
	}
}

// binding is the identity of the image that the machine runs, which a saved state belongs to.
func (s *session) binding() string {
	now := s.plan.image.Manifest.Inputs
	if !s.adopted || s.info.PID == 0 {
		return now
	}
	text, err := os.ReadFile(runningFile(s.cfg.Home.Root()))
	var was runningImage
	if err != nil || json.Unmarshal(text, &was) != nil {
		return now // it was started before there was such a file
	}
	if was.Version != runningVersion {
		return fmt.Sprintf("unknown, in a file of version %d", was.Version)
	}
	return was.Image
}
