package autostart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func (e Entry) path() (string, error) {
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the launch agents: %w", err)
	}
	return filepath.Join(dir, "Library", "LaunchAgents", e.Label()+".plist"), nil
}

// Set turns the start at login on or off; it is idempotent. What runs now goes on.
func (e Entry) Set(on bool) error {
	path, err := e.path()
	if err != nil {
		return err
	}
	if !on {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the start at login: %w", err)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder for the start at login: %w", err)
	}
	if err := os.WriteFile(path, []byte(e.Plist()), 0o644); err != nil {
		return fmt.Errorf("write launch agent: %w", err)
	}
	return nil
}

// Enabled says whether the start at login is on, and where that is written.
func (e Entry) Enabled() (where string, on bool) {
	path, err := e.path()
	if err != nil {
		return "", false
	}
	_, err = os.Stat(path)
	return path, err == nil
}
