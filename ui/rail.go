package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

const (
	railWide   float32 = 200
	railNarrow float32 = 64
	// narrowBelow is the window's width under which the rail shows icons only.
	narrowBelow float32 = 920
)

// rail is the list of pages at the left.
type rail struct {
	box   *fyne.Container
	items map[model.Page]*railItem
	name  *kit.Text
}

func newRail(open func(model.Page), search func()) *rail {
	r := &rail{items: map[model.Page]*railItem{}, name: kit.NewText("Wherry", kit.Style{Size: look.TextHead, Bold: true})}
	logo := container.NewGridWrap(fyne.NewSize(32, 32), canvas.NewImageFromResource(look.AppIcon()))
	head := container.NewBorder(nil, nil, logo, nil, kit.PadXY(1, 0, r.name))
	top, bottom := kit.VBox(0.5), kit.VBox(0.5)
	for _, p := range model.Pages() {
		it := newRailItem(string(p), pageIcon(p), func() { open(p) })
		r.items[p] = it
		if p == model.PageSettings || p == model.PageHelp {
			bottom.Add(it)
		} else {
			top.Add(it)
		}
	}
	find := newRailItem("Search", "search", search)
	find.hint = "Ctrl K"
	list := kit.VBox(2.5, head, kit.VBox(0.5, find), top)
	r.box = container.NewStack(kit.NewBox(look.Rail, "", 0), kit.PadXY(1.5, 2, container.NewBorder(nil, bottom, nil, nil, list)))
	return r
}

func pageIcon(p model.Page) string {
	switch p {
	case model.PageHome:
		return "home"
	case model.PageContainers:
		return "containers"
	case model.PageImages:
		return "images"
	case model.PageVolumes:
		return "volumes"
	case model.PageNetworks:
		return "networks"
	case model.PageServices:
		return "services"
	case model.PageSettings:
		return "settings"
	}
	return "help"
}

func (r *rail) selectPage(p model.Page) {
	for name, it := range r.items {
		it.mark(name == p)
	}
}

// railItem is an icon and a word that can be clicked and reached with Tab.
type railItem struct {
	widget.BaseWidget
	tapped                   func()
	word, icon, hint         string
	selected, hover, focused bool

	ground *canvas.Rectangle
	pic    *widget.Icon
	text   *kit.Text
	note   *kit.Text
}

var (
	_ fyne.Focusable    = (*railItem)(nil)
	_ fyne.Tappable     = (*railItem)(nil)
	_ desktop.Hoverable = (*railItem)(nil)
)

func newRailItem(word, icon string, tapped func()) *railItem {
	it := &railItem{word: word, icon: icon, tapped: tapped}
	it.ExtendBaseWidget(it)
	return it
}

func (it *railItem) mark(on bool) {
	if on != it.selected {
		it.selected = on
		it.Refresh()
	}
}

// The methods that follow are for the toolkit.

func (it *railItem) Tapped(*fyne.PointEvent)        { it.tapped() }
func (it *railItem) MouseIn(*desktop.MouseEvent)    { it.hover = true; it.Refresh() }
func (it *railItem) MouseMoved(*desktop.MouseEvent) {}
func (it *railItem) MouseOut()                      { it.hover = false; it.Refresh() }
func (it *railItem) FocusGained()                   { it.focused = true; it.Refresh() }
func (it *railItem) FocusLost()                     { it.focused = false; it.Refresh() }
func (it *railItem) TypedRune(rune)                 {}

func (it *railItem) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter || e.Name == fyne.KeySpace {
		it.tapped()
	}
}

func (it *railItem) CreateRenderer() fyne.WidgetRenderer {
	it.ground = canvas.NewRectangle(nil)
	it.ground.CornerRadius = 8
	it.pic = widget.NewIcon(look.IconIn(it.icon, look.Muted))
	it.text = kit.NewText(it.word, kit.Style{})
	it.note = kit.NewText(it.hint, kit.Style{Size: look.TextSmall, Color: look.Muted, Whole: true})
	r := &railRenderer{it}
	r.Refresh()
	return r
}

type railRenderer struct{ it *railItem }

func (r *railRenderer) Layout(s fyne.Size) {
	it := r.it
	it.ground.Resize(s)
	y := (s.Height - 20) / 2
	it.pic.Resize(fyne.NewSquareSize(20))
	it.pic.Move(fyne.NewPos(10, y))
	h := it.text.MinSize().Height
	wide := s.Width > railNarrow
	kit.Visible(it.text, wide)
	kit.Visible(it.note, wide)
	it.text.Move(fyne.NewPos(42, (s.Height-h)/2))
	it.text.Resize(fyne.NewSize(max(s.Width-50, 0), h))
	n := it.note.MinSize()
	it.note.Move(fyne.NewPos(s.Width-n.Width-10, (s.Height-n.Height)/2))
	it.note.Resize(n)
}

func (r *railRenderer) MinSize() fyne.Size { return fyne.NewSize(40, 40) }

func (r *railRenderer) Refresh() {
	it := r.it
	it.ground.FillColor, it.ground.StrokeWidth = nil, 0
	col, pic := theme.ColorNameForeground, look.Muted
	switch {
	case it.selected:
		it.ground.FillColor = theme.Color(look.Tint)
		col, pic = theme.ColorNamePrimary, theme.ColorNamePrimary
	case it.hover:
		it.ground.FillColor = theme.Color(theme.ColorNameHover)
	}
	if it.focused {
		it.ground.StrokeColor, it.ground.StrokeWidth = theme.Color(theme.ColorNamePrimary), 1.5
	}
	it.text.SetColor(col)
	if icon := look.IconIn(it.icon, pic); it.pic.Resource.Name() != icon.Name() {
		it.pic.SetResource(icon)
	}
	it.ground.Refresh()
	it.text.Refresh()
	it.note.Refresh()
}

func (r *railRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.it.ground, r.it.pic, r.it.text, r.it.note}
}
func (r *railRenderer) Destroy() {}
