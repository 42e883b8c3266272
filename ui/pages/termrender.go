package pages

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/vt"
)

// termRenderer draws each line as few pieces as there are styles in it, and keeps those that did not change.
type termRenderer struct {
	t       *termView
	ground  *canvas.Rectangle
	caret   *canvas.Rectangle
	lines   []termLine
	objects []fyne.CanvasObject
}

type termLine struct {
	cells []vt.Cell // what the objects show
	mark  []bool    // selected cells
	objs  []fyne.CanvasObject
}

func (r *termRenderer) Layout(s fyne.Size)           { r.ground.Resize(s) }
func (r *termRenderer) MinSize() fyne.Size           { return r.t.MinSize() }
func (r *termRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *termRenderer) Destroy()                     {}

func (r *termRenderer) Refresh() {
	t := r.t
	cols, rows := t.screen.Size()
	for len(r.lines) < rows {
		r.lines = append(r.lines, termLine{})
	}
	r.lines = r.lines[:rows]
	r.objects = append(r.objects[:0], r.ground)
	for y := range rows {
		r.line(y, t.screen.Line(y-t.scroll), cols)
	}
	var texts []fyne.CanvasObject
	for _, l := range r.lines {
		for _, o := range l.objs {
			if _, ok := o.(*canvas.Text); ok {
				texts = append(texts, o)
			} else {
				r.objects = append(r.objects, o)
			}
		}
	}
	r.placeCaret()
	r.objects = append(r.objects, r.caret)
	r.objects = append(r.objects, texts...)
	canvas.Refresh(t)
}

func (r *termRenderer) placeCaret() {
	t := r.t
	x, y, visible := t.screen.Cursor()
	r.caret.Hidden = !visible || t.scroll > 0
	c := color.NRGBA{0x43, 0xbd, 0xbc, 0xa0}
	r.caret.FillColor, r.caret.StrokeColor, r.caret.StrokeWidth = c, c, 0
	if !t.focused {
		r.caret.FillColor, r.caret.StrokeWidth = color.Transparent, 1
	}
	r.caret.Move(fyne.NewPos(8+float32(x)*t.cell.Width, 8+float32(y)*t.cell.Height))
	r.caret.Resize(t.cell)
}

// line makes the objects of one line anew if its cells changed.
func (r *termRenderer) line(y int, cells []vt.Cell, cols int) {
	l := &r.lines[y]
	mark := make([]bool, len(cells))
	for x := range cells {
		mark[x] = r.t.selected(x, y-r.t.scroll)
	}
	if slices.Equal(l.cells, cells) && slices.Equal(l.mark, mark) && l.objs != nil {
		return
	}
	l.cells = append(l.cells[:0], cells...)
	l.mark = mark
	l.objs = []fyne.CanvasObject{}
	for x := 0; x < min(len(cells), cols); {
		end := x + 1
		for end < len(cells) && sameStyle(cells[x], cells[end]) && mark[x] == mark[end] && vt.Width(cells[end].Rune) == 1 && cells[end].Rune != 0 && vt.Width(cells[x].Rune) == 1 {
			end++
		}
		if end < len(cells) && cells[end].Rune == 0 {
			end++ // the right half of a wide character
		}
		r.run(l, x, y, cells[x:end], mark[x])
		x = end
	}
}

func (r *termRenderer) run(l *termLine, x, y int, cells []vt.Cell, marked bool) {
	t := r.t
	c := cells[0]
	fg, bg := colorOf(c.FG, c.Attr&vt.Bold != 0, true), colorOf(c.BG, false, false)
	if (c.Attr&vt.Reverse != 0) != marked {
		if bg == nil {
			bg = theme.Color(look.Term)
		}
		fg, bg = bg, fg
	}
	pos := fyne.NewPos(8+float32(x)*t.cell.Width, 8+float32(y)*t.cell.Height)
	if bg != nil {
		rect := canvas.NewRectangle(bg)
		rect.Move(pos)
		rect.Resize(fyne.NewSize(float32(len(cells))*t.cell.Width, t.cell.Height))
		l.objs = append(l.objs, rect)
	}
	text := vt.LineText(cells)
	if text == "" || c.Attr&vt.Hidden != 0 {
		return
	}
	if c.Attr&vt.Faint != 0 {
		n := color.NRGBAModel.Convert(fg).(color.NRGBA)
		n.A = 0x99
		fg = n
	}
	o := canvas.NewText(text, fg)
	o.TextSize = termTextSize
	o.TextStyle = fyne.TextStyle{Monospace: true, Bold: c.Attr&vt.Bold != 0}
	o.Move(pos)
	o.Resize(o.MinSize())
	l.objs = append(l.objs, o)
	if c.Attr&(vt.Underline|vt.Strike) != 0 {
		line := canvas.NewLine(fg)
		dy := t.cell.Height - 1
		if c.Attr&vt.Strike != 0 {
			dy = t.cell.Height / 2
		}
		line.Position1 = pos.AddXY(0, dy)
		line.Position2 = pos.AddXY(float32(len(cells))*t.cell.Width, dy)
		l.objs = append(l.objs, line)
	}
}

func sameStyle(a, b vt.Cell) bool { return a.FG == b.FG && a.BG == b.BG && a.Attr == b.Attr }

// basic are the sixteen named colours, calm enough for long reading.
func basic() [16]uint32 {
	return [16]uint32{
		0x1b2127, 0xe0686b, 0x5fbf8a, 0xd9a94e, 0x6aa3e8, 0xb58be0, 0x4bbcbc, 0xc7cfd6,
		0x5d6874, 0xf08a8c, 0x83d6a8, 0xeac67a, 0x8fbdf5, 0xcdaaf0, 0x76d6d5, 0xf2f5f7,
	}
}

// colorOf is a cell's colour; nil for the default ground.
func colorOf(c vt.Color, bold, text bool) color.Color {
	if r, g, b, ok := c.IsRGB(); ok {
		return color.NRGBA{r, g, b, 0xff}
	}
	switch {
	case c == vt.Default && text:
		return theme.Color(look.TermText)
	case c == vt.Default:
		return nil
	case c < 16:
		if bold && text && c < 8 {
			c += 8
		}
		n := basic()[c]
		return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff}
	case c < 232:
		level := func(n vt.Color) uint8 {
			if n == 0 {
				return 0
			}
			return uint8(55 + 40*n)
		}
		c -= 16
		return color.NRGBA{level(c / 36), level(c / 6 % 6), level(c % 6), 0xff}
	}
	g := uint8(8 + 10*(c-232))
	return color.NRGBA{g, g, g, 0xff}
}
