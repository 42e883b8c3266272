package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/look"
)

// Link is text that does something when clicked, or when Enter or Space is pressed on it.
type Link struct {
	widget.BaseWidget
	OnTapped       func()
	text           string
	line           *canvas.Line
	obj            *canvas.Text
	ring           *canvas.Rectangle
	hover, focused bool
}

var (
	_ fyne.Focusable     = (*Link)(nil)
	_ fyne.Tappable      = (*Link)(nil)
	_ desktop.Hoverable  = (*Link)(nil)
	_ desktop.Cursorable = (*Link)(nil)
)

// NewLink makes a link.
func NewLink(text string, tapped func()) *Link {
	l := &Link{OnTapped: tapped, text: text}
	l.ExtendBaseWidget(l)
	return l
}

// Text is what is shown.
func (l *Link) Text() string { return l.text }

// Set changes text and action.
func (l *Link) Set(text string, tapped func()) {
	l.OnTapped = tapped
	if l.text != text {
		l.text = text
		l.Refresh()
	}
}

// MinSize is the text's.
func (l *Link) MinSize() fyne.Size {
	return fyne.MeasureText(l.text, look.TextBody, fyne.TextStyle{}).AddWidthHeight(4, 4)
}

// Tapped is for the toolkit, as are the methods that follow.
func (l *Link) Tapped(*fyne.PointEvent) {
	if l.OnTapped != nil {
		l.OnTapped()
	}
}

func (l *Link) MouseIn(*desktop.MouseEvent)    { l.hover = true; l.Refresh() }
func (l *Link) MouseMoved(*desktop.MouseEvent) {}
func (l *Link) MouseOut()                      { l.hover = false; l.Refresh() }
func (l *Link) Cursor() desktop.Cursor         { return desktop.PointerCursor }
func (l *Link) FocusGained()                   { l.focused = true; l.Refresh() }
func (l *Link) FocusLost()                     { l.focused = false; l.Refresh() }
func (l *Link) TypedRune(rune)                 {}

// TypedKey follows the link at Enter and Space.
func (l *Link) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter || e.Name == fyne.KeySpace {
		l.Tapped(nil)
	}
}

// CreateRenderer is for the toolkit.
func (l *Link) CreateRenderer() fyne.WidgetRenderer {
	l.obj = canvas.NewText(l.text, nil)
	l.obj.TextSize = look.TextBody
	l.line = canvas.NewLine(nil)
	l.ring = canvas.NewRectangle(nil)
	l.ring.CornerRadius = 4
	r := &linkRenderer{l}
	r.Refresh()
	return r
}

type linkRenderer struct{ l *Link }

func (r *linkRenderer) Layout(s fyne.Size) {
	m := fyne.MeasureText(r.l.text, look.TextBody, fyne.TextStyle{})
	y := (s.Height - m.Height) / 2
	r.l.ring.Resize(s)
	r.l.obj.Move(fyne.NewPos(2, y))
	r.l.obj.Resize(m)
	r.l.line.Position1 = fyne.NewPos(2, y+m.Height-1.5)
	r.l.line.Position2 = fyne.NewPos(2+m.Width, y+m.Height-1.5)
}
func (r *linkRenderer) MinSize() fyne.Size { return r.l.MinSize() }
func (r *linkRenderer) Refresh() {
	l := r.l
	l.obj.Text, l.obj.Color = l.text, theme.Color(theme.ColorNameHyperlink)
	l.line.StrokeColor, l.line.StrokeWidth = l.obj.Color, 1
	l.line.Hidden = !l.hover
	l.ring.FillColor = nil
	if l.focused {
		l.ring.FillColor = theme.Color(theme.ColorNameFocus)
	}
	r.Layout(l.Size())
	canvas.Refresh(l)
}

func (r *linkRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.l.ring, r.l.obj, r.l.line}
}
func (r *linkRenderer) Destroy() {}
