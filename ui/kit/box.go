package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// Box is a rectangle in colours of the theme.
type Box struct {
	widget.BaseWidget
	fill, stroke fyne.ThemeColorName
	radius       float32
	min          fyne.Size
	rect         *canvas.Rectangle
}

// NewBox makes a rectangle; an empty colour is none.
func NewBox(fill, stroke fyne.ThemeColorName, radius float32) *Box {
	b := &Box{fill: fill, stroke: stroke, radius: radius}
	b.ExtendBaseWidget(b)
	return b
}

// Sized sets the least size and returns the box.
func (b *Box) Sized(w, h float32) *Box {
	b.min = fyne.NewSize(w, h)
	return b
}

// SetFill changes the colour.
func (b *Box) SetFill(c fyne.ThemeColorName) {
	if c != b.fill {
		b.fill = c
		b.Refresh()
	}
}

// MinSize is what Sized set.
func (b *Box) MinSize() fyne.Size { return b.min }

// CreateRenderer is for the toolkit.
func (b *Box) CreateRenderer() fyne.WidgetRenderer {
	b.rect = canvas.NewRectangle(nil)
	b.rect.CornerRadius = b.radius
	r := &boxRenderer{b}
	r.Refresh()
	return r
}

type boxRenderer struct{ b *Box }

func (r *boxRenderer) Layout(s fyne.Size)           { r.b.rect.Resize(s) }
func (r *boxRenderer) MinSize() fyne.Size           { return r.b.min }
func (r *boxRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.b.rect} }
func (r *boxRenderer) Destroy()                     {}
func (r *boxRenderer) Refresh() {
	rect := r.b.rect
	rect.FillColor, rect.StrokeColor, rect.StrokeWidth = nil, nil, 0
	if r.b.fill != "" {
		rect.FillColor = theme.Color(r.b.fill)
	}
	if r.b.stroke != "" {
		rect.StrokeColor, rect.StrokeWidth = theme.Color(r.b.stroke), 1
	}
	rect.Refresh()
}

// Dot is a small disc in a meaning's colour.
func Dot() *Box { return NewBox(look.Idle, "", 4).Sized(8, 8) }

// Rule is a hairline.
func Rule() *Box { return NewBox(look.Line, "", 0).Sized(1, 1) }

// Gap is empty room, w wide.
func Gap(w float32) *Box { return NewBox("", "", 0).Sized(w, 0) }

// Card is content on a raised surface.
func Card(content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(NewBox(look.Surface, look.Line, 10), Pad(2, content))
}

// Panel is content on a surface of its own without room around it.
func Panel(content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(NewBox(look.Surface, look.Line, 10), container.New(inset{1, 6, 1, 6}, content))
}

// Badge is a word on a coloured ground.
type Badge struct {
	// Box is what is shown.
	Box  *fyne.Container
	box  *Box
	text *Text
}

// NewBadge makes a badge.
func NewBadge() *Badge {
	b := &Badge{box: NewBox(look.Faint, "", 10), text: NewText("", Style{Size: look.TextSmall, Bold: true, Whole: true, Align: fyne.TextAlignCenter})}
	b.Box = container.NewStack(b.box, container.New(inset{9, 2, 9, 2}, b.text))
	return b
}

// Set changes word and meaning.
func (b *Badge) Set(word string, tone model.Tone) {
	b.text.SetText(word)
	b.box.SetFill(look.ToneTint(tone))
	c := look.ToneColor(tone)
	if tone == model.Neutral {
		c = look.Muted
	}
	b.text.SetColor(c)
}

// Meter is a name, a figure and a bar.
type Meter struct {
	// Box is what is shown.
	Box   *fyne.Container
	value *Text
	bar   *Bar
}

// NewMeter makes a meter.
func NewMeter(name string) *Meter {
	m := &Meter{value: NewText("–", Style{Size: look.TextSmall, Align: fyne.TextAlignTrailing, Bold: true, Min: 58}), bar: NewBar(4)}
	head := container.NewBorder(nil, nil, NewText(name, Style{Size: look.TextSmall, Color: look.Muted, Whole: true}), nil, m.value)
	m.Box = container.New(minWidth{104}, VBox(0.5, head, m.bar))
	return m
}

// Set changes the figures.
func (m *Meter) Set(g model.Gauge) {
	m.value.SetText(g.Text)
	m.bar.Set(g.Value, g.Tone)
}

type minWidth struct{ w float32 }

func (l minWidth) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	for _, o := range objs {
		o.Resize(s)
	}
}

func (l minWidth) MinSize(objs []fyne.CanvasObject) fyne.Size {
	m := fyne.NewSize(l.w, 0)
	for _, o := range objs {
		m = m.Max(o.MinSize())
	}
	return m
}

// MinWidth makes an object at least w wide.
func MinWidth(w float32, o fyne.CanvasObject) *fyne.Container { return container.New(minWidth{w}, o) }

type maxWidth struct{ w float32 }

func (l maxWidth) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	for _, o := range objs {
		o.Resize(fyne.NewSize(min(s.Width, l.w), s.Height))
	}
}

func (l maxWidth) MinSize(objs []fyne.CanvasObject) fyne.Size { return minWidth{0}.MinSize(objs) }

// MaxWidth makes an object at most w wide, at the left.
func MaxWidth(w float32, o fyne.CanvasObject) *fyne.Container { return container.New(maxWidth{w}, o) }

// Bar shows a share.
type Bar struct {
	widget.BaseWidget
	track, fill *Box
	value       float64
	height      float32
}

// NewBar makes an empty bar.
func NewBar(height float32) *Bar {
	b := &Bar{track: NewBox(look.Faint, "", height/2), fill: NewBox(theme.ColorNamePrimary, "", height/2), value: -1, height: height}
	b.ExtendBaseWidget(b)
	return b
}

// Set shows a value between 0 and 1, or nothing for a negative one.
func (b *Bar) Set(v float64, tone model.Tone) {
	b.fill.SetFill(look.ToneColor(tone))
	if v != b.value {
		b.value = v
		b.Refresh()
	}
}

// CreateRenderer is for the toolkit.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer { return &barRenderer{b} }

type barRenderer struct{ b *Bar }

func (r *barRenderer) Layout(s fyne.Size) {
	r.b.track.Resize(s)
	w := float32(0)
	if r.b.value > 0 {
		w = min(max(s.Width*float32(r.b.value), s.Height), s.Width)
	}
	r.b.fill.Resize(fyne.NewSize(w, s.Height))
}
func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(16, r.b.height) }
func (r *barRenderer) Refresh()           { r.Layout(r.b.Size()); r.b.track.Refresh(); r.b.fill.Refresh() }

func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.b.track, r.b.fill} }
func (r *barRenderer) Destroy()                     {}
