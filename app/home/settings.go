package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wherry-app/wherry/app"
)

// settingsVersion is the newest form of settings.json that this build reads and the one it writes.
const settingsVersion = 1

type settingsFile struct {
	Version int `json:"version"`
	app.Settings
}

// LoadSettings reads the settings; what the file does not say, or all if there is no file, is taken from defaults.
func (d Dir) LoadSettings(defaults app.Settings) (app.Settings, error) {
	b, err := os.ReadFile(d.SettingsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return defaults, nil
	}
	if err != nil {
		return defaults, fmt.Errorf("read settings: %w", err)
	}
	f := settingsFile{Version: settingsVersion, Settings: defaults}
	if err := json.Unmarshal(b, &f); err != nil {
		return defaults, app.Errorf("mend the file, or delete it to take the defaults", "settings file %s is damaged: %w", d.SettingsFile(), err)
	}
	if f.Version > settingsVersion {
		return defaults, app.Errorf("update Wherry, or delete the file to take the defaults", "settings file %s was written by a newer Wherry", d.SettingsFile())
	}
	return f.Settings, nil
}

// SaveSettings writes the settings so that a crash leaves either the old ones or the new.
func (d Dir) SaveSettings(s app.Settings) error {
	b, err := json.MarshalIndent(settingsFile{Version: settingsVersion, Settings: s}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return writeFile(d.SettingsFile(), append(b, '\n'))
}

// writeFile replaces a file at once.
func writeFile(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
