package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// palette searches everything by the keyboard.
type palette struct {
	w       *Window
	pop     *widget.PopUp
	entry   *kit.Entry
	list    *widget.List
	all     []model.Entry
	hits    []model.Entry
	current int
}

// paletteRows is how many hits are listed.
const paletteRows = 12

func newPalette(w *Window) *palette { return &palette{w: w} }

func (p *palette) open() {
	if p.pop != nil && p.pop.Visible() {
		return
	}
	p.all = model.Entries(p.w.shown)
	p.entry = kit.NewEntry("Search containers, images, pages, settings and commands")
	p.entry.OnChanged = p.find
	p.entry.OnSubmitted = func(string) { p.choose(p.current) }
	p.entry.OnKey = p.key
	p.list = widget.NewList(func() int { return len(p.hits) }, func() fyne.CanvasObject { return newHitRow() }, func(i widget.ListItemID, o fyne.CanvasObject) {
		o.(*hitRow).set(p.hits[i], i == p.current)
	})
	p.list.HideSeparators = true
	p.list.OnSelected = func(i widget.ListItemID) { p.choose(i) }
	size := p.w.win.Canvas().Size()
	room := fyne.NewSize(min(size.Width-64, 620), min(size.Height-64, 560))
	body := container.NewStack(kit.NewBox(look.Surface, look.Line, 12), kit.Pad(1.5, container.NewBorder(p.entry, kit.PadXY(1, 0.5, kit.Hint("↑ ↓ to choose, Enter to open, Esc to close")), nil, nil, kit.PadXY(0, 1, p.list))))
	p.pop = widget.NewModalPopUp(container.NewGridWrap(room, body), p.w.win.Canvas())
	p.find("")
	p.pop.Show()
	p.w.win.Canvas().Focus(p.entry)
}

func (p *palette) find(text string) {
	p.hits = model.Find(p.all, text, paletteRows)
	p.current = 0
	p.list.Refresh()
}

func (p *palette) key(k fyne.KeyName) bool {
	switch k {
	case fyne.KeyEscape:
		p.pop.Hide()
	case fyne.KeyDown:
		p.current = min(p.current+1, max(len(p.hits)-1, 0))
	case fyne.KeyUp:
		p.current = max(p.current-1, 0)
	default:
		return false
	}
	p.list.Refresh()
	return true
}

func (p *palette) choose(i int) {
	if i >= len(p.hits) {
		return
	}
	p.pop.Hide()
	h := p.hits[i]
	switch h.Kind {
	case "Page":
		p.w.navigate(model.Page(h.Key), "")
	case "Container":
		p.w.navigate(model.PageContainers, h.Key)
	case "Image":
		p.w.navigate(model.PageImages, h.Key)
	case "Setting":
		p.w.navigate(model.PageSettings, h.Key)
	case "Command":
		if tab, ok := strings.CutPrefix(h.Key, "help "); ok {
			p.w.navigate(model.PageHelp, tab)
			return
		}
		switch h.Key {
		case "run":
			p.w.runDialog("")
		case "pull":
			p.w.navigate(model.PageImages, "pull")
		default:
			p.w.engine(h.Key)
		}
	}
}

// hitRow is one hit.
type hitRow struct {
	widget.BaseWidget
	ground              *kit.Box
	icon                *widget.Icon
	title, detail, kind *kit.Text
	name                string
}

func newHitRow() *hitRow {
	r := &hitRow{ground: kit.NewBox("", "", 6), icon: widget.NewIcon(nil), title: kit.NewText("", kit.Style{Middle: true}), detail: kit.Hint(""), kind: kit.NewText("", kit.Style{Size: look.TextSmall, Color: look.Muted, Align: fyne.TextAlignTrailing})}
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is for the toolkit.
func (r *hitRow) CreateRenderer() fyne.WidgetRenderer {
	row := container.New(kit.Columns{Cols: []kit.Column{{Width: 20}, {Share: 3}, {Share: 2}, {Width: 76}}, Gap: 10}, r.icon, r.title, r.detail, r.kind)
	return widget.NewSimpleRenderer(container.NewStack(r.ground, kit.PadXY(1, 1, row)))
}

func (r *hitRow) set(e model.Entry, current bool) {
	icon := map[string]string{"Container": "containers", "Image": "images", "Command": "play", "Setting": "settings"}[e.Kind]
	if e.Kind == "Page" {
		icon = pageIcon(model.Page(e.Key))
	}
	if icon != r.name {
		r.name = icon
		r.icon.SetResource(look.IconIn(icon, look.Muted))
	}
	r.title.SetText(e.Title)
	r.detail.SetText(e.Detail)
	r.kind.SetText(e.Kind)
	if current {
		r.ground.SetFill(look.Tint)
		r.title.SetColor(theme.ColorNamePrimary)
	} else {
		r.ground.SetFill("")
		r.title.SetColor(theme.ColorNameForeground)
	}
}
