package pages

import (
	"context"
	"errors"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/model"
)

// Env is what a page may use of the window around it.
type Env struct {
	// Go runs work beside the window and then, unless it was cancelled, done with its error on the UI goroutine.
	Go func(work func(context.Context) error, done func(error)) context.CancelFunc
	// Post runs a function on the UI goroutine soon. It may be called from anywhere.
	Post func(func())
	// Window is where dialogs go.
	Window fyne.Window
	// OpenURL shows a page in the browser.
	OpenURL func(string)
	// Copy puts text on the clipboard.
	Copy func(string)
	// Navigate opens a page, and on it what key names.
	Navigate func(page model.Page, key string)
	// Notify tells the desktop about finished work.
	Notify func(title, body string)
	// Engine carries out model.ActStart and its like.
	Engine func(action string)
}

// A Page is one page of the window.
type Page interface {
	Content() fyne.CanvasObject
	// Show takes a new state in. It is called for visible pages only, and when a page becomes visible.
	Show(model.State)
	// Open shows what a key names, such as a container's ID; unknown keys do nothing.
	Open(key string)
}

// soon runs a function on the UI goroutine once for any number of pokes since its last run.
type soon struct {
	post    func(func())
	pending atomic.Bool
	f       func()
}

func newSoon(post func(func()), f func()) *soon { return &soon{post: post, f: f} }

func (s *soon) poke() {
	if s.pending.CompareAndSwap(false, true) {
		s.post(func() {
			s.pending.Store(false)
			s.f()
		})
	}
}

// report shows a failed action in a notice; a cancelled one is no failure.
func report(n *kit.Notice, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		n.Fail(app.InfoOf(err))
	}
}

// ask puts a question whose yes destroys something.
func (e Env) ask(title, text, yes string, then func()) {
	body := kit.NewPara(text)
	d := dialog.NewCustomConfirm(title, yes, "Cancel", kit.MinWidth(380, body), func(ok bool) {
		if ok {
			then()
		}
	}, e.Window)
	d.SetConfirmImportance(widget.DangerImportance)
	d.Show()
}

// searchEntry is the search field of a list.
func searchEntry(hint string, changed func(string)) *kit.Entry {
	s := kit.NewEntry(hint)
	s.OnChanged = changed
	return s
}

// toolbar puts a search field and buttons in one row.
func toolbar(search fyne.CanvasObject, rest ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewBorder(nil, nil, nil, kit.HBox(1, rest...), kit.MaxWidth(420, search))
}

// menu opens a menu below a button.
func (e Env) menu(at fyne.CanvasObject, items ...*fyne.MenuItem) {
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), e.Window.Canvas())
	m.ShowAtRelativePosition(fyne.NewPos(at.Size().Width-m.MinSize().Width, at.Size().Height+2), at)
}

func item(label string, enabled bool, f func()) *fyne.MenuItem {
	it := fyne.NewMenuItem(label, f)
	it.Disabled = !enabled
	return it
}
