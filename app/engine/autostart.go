package engine

import (
	"fmt"
	"os"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/autostart"
	"github.com/wherry-app/wherry/app/home"
)

// setAutostart turns the start at login on or off when that setting changes.
func setAutostart(h home.Dir, old, now app.Settings) error {
	if old.Autostart == now.Autostart {
		return nil
	}
	return turnAutostart(h, now.Autostart.Autostart)
}

func turnAutostart(h home.Dir, on bool) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := autostart.For(program, h).Set(on); err != nil {
		return &app.Error{Op: "set autostart", Err: err, Next: "see to the permissions of the folder it names"}
	}
	return nil
}
