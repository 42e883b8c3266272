package ui

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// tray is the icon beside the clock with its menu.
type tray struct {
	w    *Window
	app  desktop.App
	last model.Tray
	// menu is the same for good: the toolkit shows the first one it got once more when the tray has come up.
	menu *fyne.Menu
}

// newTray makes the tray; nil where the toolkit has none.
func newTray(w *Window) *tray {
	a, ok := w.cfg.App.(desktop.App)
	if !ok {
		return nil
	}
	t := &tray{w: w, app: a, menu: fyne.NewMenu("Wherry")}
	t.show(model.TrayOf(w.shown))
	return t
}

func (t *tray) show(m model.Tray) {
	if reflect.DeepEqual(m, t.last) {
		return
	}
	if m.Icon != t.last.Icon {
		if icon, err := look.TrayIcon(m.Icon); err != nil {
			t.w.cfg.Log.Warn("tray icon not drawn", "error", err)
		} else {
			t.app.SetSystemTrayIcon(icon)
		}
	}
	t.last = m
	title := fyne.NewMenuItem(m.Title, nil)
	title.Disabled = true
	items := []*fyne.MenuItem{title, fyne.NewMenuItem("Open Wherry", t.w.open)}
	if m.Action != "" {
		items = append(items, fyne.NewMenuItem(m.ActionLabel, func() { t.w.engine(m.Action) }))
	}
	if m.CanSleep {
		items = append(items, fyne.NewMenuItem("Put the engine to sleep", func() { t.w.engine(model.ActSleep) }))
	}
	if len(m.Links) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
		for _, l := range m.Links {
			items = append(items, fyne.NewMenuItem(l.Label, func() { t.w.openURL(l.URL) }))
		}
	}
	quit := fyne.NewMenuItem("Quit", t.w.close)
	quit.IsQuit = true
	items = append(items, fyne.NewMenuItemSeparator(), quit)
	t.menu.Items = items
	t.app.SetSystemTrayMenu(t.menu)
}
