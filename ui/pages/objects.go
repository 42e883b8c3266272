package pages

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/model"
)

// objectRow is one reusable line of a list.
type objectRow[T any] interface {
	object() fyne.CanvasObject
	set(T)
}

// objectList is a list of one kind of docker's objects, with its empty states.
type objectList[T any] struct {
	env   Env
	body  *fyne.Container
	panel *fyne.Container
	list  *widget.List
	empty *kit.Empty
	rows  []T
}

// emptyWords say what an empty list means when docker has nothing of the kind (None), else the search found nothing.
type emptyWords struct {
	Title, Text string
	None        bool
}

// lineRow carries an objectRow through the toolkit's list.
type lineRow[T any] struct {
	widget.BaseWidget
	row objectRow[T]
}

func (l *lineRow[T]) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.PadXY(1.5, 0, l.row.object()))
}

func (l *lineRow[T]) MinSize() fyne.Size { return fyne.NewSize(200, rowHeight) }

func newObjectList[T any](env Env, icon string, make func() objectRow[T], tapped func(T)) *objectList[T] {
	l := &objectList[T]{env: env, empty: kit.NewEmpty(icon, "", "", "", nil)}
	l.list = widget.NewList(func() int { return len(l.rows) }, func() fyne.CanvasObject {
		r := &lineRow[T]{row: make()}
		r.ExtendBaseWidget(r)
		return r
	}, func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < len(l.rows) {
			o.(*lineRow[T]).row.set(l.rows[i])
		}
	})
	l.list.OnSelected = func(i widget.ListItemID) {
		l.list.UnselectAll()
		if i < len(l.rows) {
			tapped(l.rows[i])
		}
	}
	l.panel = kit.Panel(l.list)
	l.body = container.NewStack(l.panel, l.empty.Box)
	return l
}

func (l *objectList[T]) show(rows []T, e model.Engine, d model.Lists, w emptyWords) {
	if !reflect.DeepEqual(rows, l.rows) {
		l.rows = rows
		l.list.Refresh()
	}
	kit.Visible(l.panel, len(rows) > 0)
	kit.Visible(l.empty.Box, len(rows) == 0)
	switch {
	case len(rows) > 0:
	case e.Busy && !e.Running:
		l.empty.Set("The engine is "+lower(e.Label), "The list appears as soon as docker answers.", "", nil)
	case !e.Running:
		l.empty.Set("The engine is not running", "Start it to see what it holds.", "Start the engine", func() { l.env.Engine(model.ActStart) })
	case d.Err != nil:
		l.empty.Set("Docker does not answer", d.Err.Message+"\n"+d.Err.Hint, "", nil)
	case !d.Ready:
		l.empty.Set("Reading…", "", "", nil)
	case w.None:
		l.empty.Set(w.Title, w.Text, "", nil)
	default:
		l.empty.Set("Nothing matches", "Try other words.", "", nil)
	}
}

// prompt asks for one value and checks it while it is typed.
func (e Env) prompt(title, name, hint, yes, value string, check func(string) string, then func(string)) {
	entry := widget.NewEntry()
	entry.SetPlaceHolder(hint)
	entry.SetText(value)
	field := kit.NewField(name, " ", entry)
	ok := kit.Primary(yes, "", nil)
	var d *dialog.CustomDialog
	entry.OnChanged = func(s string) {
		msg := check(s)
		field.SetError(msg)
		kit.Able(ok, msg == "")
	}
	ok.OnTapped = func() {
		if check(entry.Text) == "" {
			d.Hide()
			then(entry.Text)
		}
	}
	entry.OnSubmitted = func(string) { ok.OnTapped() }
	kit.Able(ok, check(value) == "")
	d = dialog.NewCustomWithoutButtons(title, kit.MinWidth(420, field.Box), e.Window)
	d.SetButtons([]fyne.CanvasObject{widget.NewButton("Cancel", func() { d.Hide() }), ok})
	d.Show()
	e.Window.Canvas().Focus(entry)
}

// big shows something in most of the window.
func (e Env) big(title string, content fyne.CanvasObject) {
	d := dialog.NewCustom(model.Shorten(title, 80), "Close", content, e.Window)
	size := e.Window.Canvas().Size()
	d.Resize(fyne.NewSize(size.Width*0.8, size.Height*0.8))
	d.Show()
}
