package pages

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// table shows rows of text under titles; columns share the width.
func table(env Env, titles []string, shares []float32, rows [][]string, none string) fyne.CanvasObject {
	if len(rows) == 0 {
		return kit.NewEmpty("info", "Nothing here", none, "", nil).Box
	}
	cols := kit.Columns{Gap: 12}
	for _, s := range shares {
		cols.Cols = append(cols.Cols, kit.Column{Share: s})
	}
	line := func(style kit.Style) *fyne.Container {
		c := container.New(cols)
		for range titles {
			c.Add(kit.NewText("", style))
		}
		return c
	}
	head := line(kit.Style{Size: look.TextSmall, Color: look.Muted, Bold: true})
	for i, t := range titles {
		head.Objects[i].(*kit.Text).SetText(t)
	}
	list := widget.NewList(func() int { return len(rows) }, func() fyne.CanvasObject { return kit.PadXY(1, 0.5, line(kit.Style{Mono: true, Size: termTextSize})) }, func(i widget.ListItemID, o fyne.CanvasObject) {
		for j, cell := range o.(*fyne.Container).Objects[0].(*fyne.Container).Objects {
			text := ""
			if j < len(rows[i]) {
				text = model.Plain(rows[i][j])
			}
			cell.(*kit.Text).SetText(text)
		}
	})
	list.OnSelected = func(i widget.ListItemID) {
		list.UnselectAll()
		if env.Copy != nil {
			env.Copy(strings.Join(rows[i], "\t"))
		}
	}
	return kit.Panel(container.NewBorder(kit.PadXY(1, 0.5, head), nil, nil, nil, list))
}

// jsonView shows text that can be searched and copied.
func jsonView(env Env, text string) fyne.CanvasObject {
	return newTextView(env, "inspect", text).box
}
