package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Entry is an input that leaves the window's shortcuts to the window and tells about keys it has no use for.
type Entry struct {
	widget.Entry
	// OnKey gets each key first and says whether it used it up; it may be nil.
	OnKey func(fyne.KeyName) bool
}

// NewEntry makes an entry of one line.
func NewEntry(hint string) *Entry {
	e := &Entry{}
	e.ExtendBaseWidget(e)
	e.SetPlaceHolder(hint)
	return e
}

// TypedKey is for the toolkit.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	if e.OnKey == nil || !e.OnKey(k.Name) {
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut is for the toolkit.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	custom, ok := s.(*desktop.CustomShortcut)
	word := ok && (custom.KeyName == fyne.KeyLeft || custom.KeyName == fyne.KeyRight || custom.KeyName == fyne.KeyBackspace || custom.KeyName == fyne.KeyDelete)
	if !ok || word {
		e.Entry.TypedShortcut(s)
		return
	}
	if c, ok := fyne.CurrentApp().Driver().CanvasForObject(e).(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}
