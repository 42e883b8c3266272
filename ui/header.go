package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// header shows the engine's state, its gauges and the big control on every page.
type header struct {
	box    *fyne.Container
	title  *kit.Text
	badge  *kit.Badge
	gauges *fyne.Container
	meters []*kit.Meter
	button *widget.Button
	action string
}

func newHeader(engine func(string)) *header {
	h := &header{title: kit.NewText("", kit.Style{Size: look.TextTitle, Bold: true, Whole: true}), badge: kit.NewBadge()}
	h.gauges = kit.HBox(2.5)
	for _, g := range model.Gauges(model.State{}) {
		m := kit.NewMeter(g.Name)
		h.meters = append(h.meters, m)
		h.gauges.Add(m.Box)
	}
	h.button = kit.Primary("Start", "play", func() { engine(h.action) })
	row := kit.HBox(2, h.title, kit.Spring(), h.gauges, h.badge.Box, kit.MinWidth(116, h.button))
	h.box = container.NewStack(kit.NewBox(theme.ColorNameBackground, "", 0), container.NewBorder(nil, kit.Rule(), nil, nil, kit.PadXY(3, 1.25, row)))
	return h
}

func (h *header) show(s model.State) {
	e := model.EngineOf(s)
	h.action = e.Action
	h.badge.Set(e.Label, e.Tone)
	for i, g := range model.Gauges(s) {
		h.meters[i].Set(g)
	}
	kit.EngineButton(h.button, e)
}
