package autostart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/adrg/xdg"
)

// paths are the unit's file and the link that enables it.
func (e Entry) paths() (unit, link string) {
	dir := filepath.Join(xdg.ConfigHome, "systemd", "user")
	return filepath.Join(dir, e.UnitName()), filepath.Join(dir, "default.target.wants", e.UnitName())
}

// Set turns the start at login on or off; it is idempotent. What runs now goes on.
func (e Entry) Set(on bool) error {
	unit, link := e.paths()
	if err := remove(link); err != nil {
		return err
	}
	if !on {
		return errors.Join(remove(unit), reload())
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return fmt.Errorf("make folder for the start at login: %w", err)
	}
	if err := os.WriteFile(unit, []byte(e.Unit()), 0o644); err != nil {
		return fmt.Errorf("write unit for the start at login: %w", err)
	}
	if err := os.Symlink(unit, link); err != nil {
		return fmt.Errorf("enable the start at login: %w", err)
	}
	return reload()
}

// Enabled says whether the start at login is on, and where that is written.
func (e Entry) Enabled() (where string, on bool) {
	_, link := e.paths()
	_, err := os.Stat(link)
	return link, err == nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the start at login: %w", err)
	}
	return nil
}

// reload makes a running systemd read its units. That none runs for this user is no error: it reads them when it starts.
func reload() error {
	if path, err := exec.LookPath("systemctl"); err == nil {
		_ = exec.Command(path, "--user", "daemon-reload").Run()
	}
	return nil
}
