package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/wherry-app/wherry/ui/look"
)

type inset struct{ left, top, right, bottom float32 }

func (i inset) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	for _, o := range objs {
		o.Move(fyne.NewPos(i.left, i.top))
		o.Resize(fyne.NewSize(max(s.Width-i.left-i.right, 0), max(s.Height-i.top-i.bottom, 0)))
	}
}

func (i inset) MinSize(objs []fyne.CanvasObject) fyne.Size {
	m := fyne.Size{}
	for _, o := range objs {
		m = m.Max(o.MinSize())
	}
	return m.AddWidthHeight(i.left+i.right, i.top+i.bottom)
}

// Pad puts space around an object, in units of the grid.
func Pad(units float32, o fyne.CanvasObject) *fyne.Container {
	return PadXY(units, units, o)
}

// PadXY puts space beside and above an object, in units of the grid.
func PadXY(x, y float32, o fyne.CanvasObject) *fyne.Container {
	x, y = x*look.Grid, y*look.Grid
	return container.New(inset{x, y, x, y}, o)
}

// Flush takes away the room that the toolkit's labels keep around their text, so that it lines up with other text.
func Flush(label fyne.CanvasObject) *fyne.Container {
	return container.New(inset{-8, -6, -8, -6}, label)
}

type stack struct {
	gap        float32
	horizontal bool
}

// VBox puts objects below one another with a gap in units of the grid.
func VBox(gap float32, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(stack{gap * look.Grid, false}, objs...)
}

// HBox puts objects beside one another, each as wide as it needs; a Spring takes what is left.
func HBox(gap float32, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(stack{gap * look.Grid, true}, objs...)
}

// springy are the toolkit's spacers.
type springy interface{ ExpandHorizontal() bool }

func (l stack) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	free, springs, seen := s.Height, 0, 0
	if l.horizontal {
		free = s.Width
	}
	for _, o := range objs {
		if !o.Visible() {
			continue
		}
		if seen++; seen > 1 {
			free -= l.gap
		}
		if _, ok := o.(springy); ok {
			springs++
		}
		free -= l.along(o.MinSize())
	}
	at := float32(0)
	for _, o := range objs {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		n := l.along(m)
		if _, ok := o.(springy); ok {
			n += max(free, 0) / float32(springs)
		}
		if l.horizontal {
			o.Move(fyne.NewPos(at, max((s.Height-m.Height)/2, 0)))
			o.Resize(fyne.NewSize(n, m.Height))
		} else {
			o.Move(fyne.NewPos(0, at))
			o.Resize(fyne.NewSize(s.Width, n))
		}
		at += n + l.gap
	}
}

func (l stack) along(s fyne.Size) float32 {
	if l.horizontal {
		return s.Width
	}
	return s.Height
}

func (l stack) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	seen := 0
	for _, o := range objs {
		if !o.Visible() {
			continue
		}
		om := o.MinSize()
		gap := float32(0)
		if seen++; seen > 1 {
			gap = l.gap
		}
		if l.horizontal {
			m = fyne.NewSize(m.Width+om.Width+gap, max(m.Height, om.Height))
		} else {
			m = fyne.NewSize(max(m.Width, om.Width), m.Height+om.Height+gap)
		}
	}
	return m
}

// Spring takes the room that the others leave.
func Spring() fyne.CanvasObject { return layout.NewSpacer() }

// Column is one column of a row: its width, or its share of what is left. A column with Hide is not shown where the
// whole is narrower than that.
type Column struct {
	Width, Share, Hide float32
}

// Columns lays objects out in columns that line up across rows.
type Columns struct {
	Cols []Column
	Gap  float32
	// Top puts objects at the top of the row instead of its middle.
	Top bool
}

var _ fyne.Layout = Columns{}

// Layout is for the toolkit.
func (c Columns) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	free, shares := s.Width, float32(0)
	shown := 0
	for _, col := range c.Cols {
		if s.Width < col.Hide {
			continue
		}
		shown++
		free -= col.Width
		shares += col.Share
	}
	free -= c.Gap * float32(max(shown-1, 0))
	x := float32(0)
	for i, o := range objs {
		if i >= len(c.Cols) {
			break
		}
		col := c.Cols[i]
		if s.Width < col.Hide {
			o.Resize(fyne.NewSize(0, 0))
			o.Move(fyne.NewPos(-9999, 0))
			continue
		}
		w := col.Width
		if col.Share > 0 {
			w += max(free, 0) * col.Share / shares
		}
		h := min(o.MinSize().Height, s.Height)
		y := (s.Height - h) / 2
		if c.Top {
			y = 0
		}
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
		x += w + c.Gap
	}
}

// MinSize is the height of the highest; the width is what the columns that never hide need.
func (c Columns) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for i, o := range objs {
		m.Height = max(m.Height, o.MinSize().Height)
		if i < len(c.Cols) && c.Cols[i].Hide == 0 {
			m.Width += c.Cols[i].Width + c.Gap
		}
	}
	return m
}

// Tiles puts objects side by side in equal columns at least cell wide, as many as fit.
func Tiles(cell float32, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(&tiles{cell: cell, gap: 2 * look.Grid}, objs...)
}

type tiles struct{ cell, gap, width float32 }

func (t *tiles) count(width float32, n int) int {
	return max(min(int((width+t.gap)/(t.cell+t.gap)), n), 1)
}

func (t *tiles) walk(objs []fyne.CanvasObject, width float32, place func(o fyne.CanvasObject, x, y, w, h float32)) float32 {
	var vis []fyne.CanvasObject
	for _, o := range objs {
		if o.Visible() {
			vis = append(vis, o)
		}
	}
	n := t.count(width, len(vis))
	w := (width - t.gap*float32(n-1)) / float32(n)
	y := float32(0)
	for i := 0; i < len(vis); i += n {
		line := vis[i:min(i+n, len(vis))]
		h := float32(0)
		for _, o := range line {
			h = max(h, o.MinSize().Height)
		}
		for j, o := range line {
			place(o, float32(j)*(w+t.gap), y, w, h)
		}
		y += h + t.gap
	}
	return max(y-t.gap, 0)
}

func (t *tiles) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	t.width = s.Width
	t.walk(objs, s.Width, func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	})
}

func (t *tiles) MinSize(objs []fyne.CanvasObject) fyne.Size {
	width := t.width
	if width == 0 {
		width = 3 * t.cell
	}
	return fyne.NewSize(min(t.cell, 240), t.walk(objs, width, func(fyne.CanvasObject, float32, float32, float32, float32) {}))
}
