package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
)

// listInput is a list of values: a line of text for each, one to add another.
type listInput struct {
	box     *fyne.Container
	lines   *fyne.Container
	rows    []*listLine
	add     *widget.Button
	changed func(string)
	settled func()
	last    string
}

type listLine struct {
	box   *fyne.Container
	entry *kit.Entry
}

func newListInput(changed func(string), settled func()) *listInput {
	l := &listInput{lines: kit.VBox(0.5), changed: changed, settled: settled}
	l.add = kit.Button("Add", "plus", func() {
		row := l.row("")
		l.put(append(l.rows, row))
		if c := fyne.CurrentApp().Driver().CanvasForObject(l.box); c != nil {
			c.Focus(row.entry)
		}
	})
	l.box = kit.VBox(0.75, l.lines, kit.HBox(0, l.add))
	l.lines.Hide()
	return l
}

func (l *listInput) object() fyne.CanvasObject { return l.box }

func (l *listInput) focus() fyne.Focusable {
	if len(l.rows) > 0 {
		return l.rows[0].entry
	}
	return l.add
}

func (l *listInput) set(v string) {
	if v == l.last && l.value() == v {
		return
	}
	l.last = v
	var rows []*listLine
	for _, s := range app.SplitList(v) {
		rows = append(rows, l.row(app.JoinList([]string{s})))
	}
	l.put(rows)
}

func (l *listInput) row(text string) *listLine {
	r := &listLine{entry: kit.NewEntry("")}
	r.entry.Text = text
	r.entry.OnChanged = func(string) { l.changed(l.value()) }
	rm := kit.Quiet("", "trash", func() {
		var left []*listLine
		for _, o := range l.rows {
			if o != r {
				left = append(left, o)
			}
		}
		l.put(left)
		l.changed(l.value())
	})
	r.box = kit.MaxWidth(inputWidth+44, container.NewBorder(nil, nil, nil, rm, r.entry))
	return r
}

// put shows these lines.
func (l *listInput) put(rows []*listLine) {
	l.rows = rows
	l.lines.Objects = nil
	for _, r := range rows {
		l.lines.Objects = append(l.lines.Objects, r.box)
	}
	kit.Visible(l.lines, len(rows) > 0)
	l.lines.Refresh()
	l.settled()
}

func (l *listInput) value() string {
	var values []string
	for _, r := range l.rows {
		values = append(values, app.SplitList(r.entry.Text)...) // several at once can be pasted
	}
	return app.JoinList(values)
}
