package autostart

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

// Set turns the start at login on or off; it is idempotent. What runs now goes on.
func (e Entry) Set(on bool) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("open the Run key: %w", err)
	}
	defer key.Close()
	if on {
		err = key.SetStringValue(e.RunValue(), e.RunCommand())
	} else if err = key.DeleteValue(e.RunValue()); errors.Is(err, registry.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("write the Run key: %w", err)
	}
	return nil
}

// Enabled says whether the start at login is on, and where that is written.
func (e Entry) Enabled() (where string, on bool) {
	where = `HKEY_CURRENT_USER\` + runKey + `\` + e.RunValue()
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if err != nil {
		return where, false
	}
	defer key.Close()
	_, _, err = key.GetStringValue(e.RunValue())
	return where, err == nil
}
