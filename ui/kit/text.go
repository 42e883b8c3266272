package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/look"
)

// Style is how a Text looks. The zero Style is body text in the theme's foreground.
type Style struct {
	Size  float32
	Color fyne.ThemeColorName
	Bold  bool
	Mono  bool
	Align fyne.TextAlign
	// Whole makes the text ask for its full width; otherwise it shortens itself with an ellipsis to what it gets.
	Whole bool
	// Min is the least width it asks for.
	Min float32
	// Middle shortens in the middle, for names whose end matters.
	Middle bool
}

// Text is one line.
type Text struct {
	widget.BaseWidget
	text  string
	style Style
	obj   *canvas.Text
	at    float32 // the width the text was shortened for
}

// NewText makes a line of text.
func NewText(s string, style Style) *Text {
	if style.Size == 0 {
		style.Size = look.TextBody
	}
	if style.Color == "" {
		style.Color = theme.ColorNameForeground
	}
	t := &Text{text: s, style: style, at: -1}
	t.ExtendBaseWidget(t)
	return t
}

// Title is the head of a page or card.
func Title(s string) *Text { return NewText(s, Style{Size: look.TextHead, Bold: true}) }

// Hint is secondary text.
func Hint(s string) *Text { return NewText(s, Style{Color: look.Muted, Size: look.TextSmall}) }

// SetText changes the text.
func (t *Text) SetText(s string) {
	if s != t.text {
		t.text, t.at = s, -1
		t.Refresh()
	}
}

// Text is what was set, unshortened.
func (t *Text) Text() string { return t.text }

// SetColor changes the colour.
func (t *Text) SetColor(c fyne.ThemeColorName) {
	if c != t.style.Color {
		t.style.Color = c
		t.Refresh()
	}
}

func (t *Text) textStyle() fyne.TextStyle {
	return fyne.TextStyle{Bold: t.style.Bold, Monospace: t.style.Mono}
}

// MinSize is one line high.
func (t *Text) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	full := fyne.MeasureText(t.text, t.style.Size, t.textStyle())
	if full.Height == 0 {
		full.Height = fyne.MeasureText("M", t.style.Size, t.textStyle()).Height
	}
	if t.style.Whole {
		return fyne.NewSize(max(full.Width, t.style.Min), full.Height)
	}
	return fyne.NewSize(max(t.style.Min, min(full.Width, 16)), full.Height)
}

// CreateRenderer is for the toolkit.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	t.ExtendBaseWidget(t)
	t.obj = canvas.NewText("", theme.Color(t.style.Color))
	t.obj.TextSize, t.obj.TextStyle, t.obj.Alignment = t.style.Size, t.textStyle(), t.style.Align
	return &textRenderer{t}
}

type textRenderer struct{ t *Text }

func (r *textRenderer) Layout(s fyne.Size) {
	r.t.obj.Move(fyne.NewPos(0, (s.Height-r.MinSize().Height)/2))
	r.t.obj.Resize(fyne.NewSize(s.Width, r.MinSize().Height))
	r.fit(s.Width)
}

func (r *textRenderer) fit(width float32) {
	if r.t.at == width {
		return
	}
	r.t.at = width
	r.t.obj.Text = Elide(r.t.text, width, r.t.style.Middle, func(s string) float32 {
		return fyne.MeasureText(s, r.t.style.Size, r.t.textStyle()).Width
	})
	r.t.obj.Refresh()
}

func (r *textRenderer) MinSize() fyne.Size           { return r.t.MinSize() }
func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.t.obj} }
func (r *textRenderer) Destroy()                     {}
func (r *textRenderer) Refresh() {
	c := theme.Color(r.t.style.Color)
	if r.t.obj.Color != c {
		r.t.obj.Color = c
		r.t.obj.Refresh()
	}
	r.fit(r.t.Size().Width)
}

// Elide shortens s to what fits into width, at its end or in its middle.
func Elide(s string, width float32, middle bool, measure func(string) float32) string {
	if s == "" || width <= 0 || measure(s) <= width+0.5 {
		return s
	}
	r := []rune(s)
	cut := func(n int) string {
		if middle {
			return string(r[:(n+1)/2]) + "…" + string(r[len(r)-n/2:])
		}
		return string(r[:n]) + "…"
	}
	low, high := 0, len(r)-1
	for low < high {
		mid := (low + high + 1) / 2
		if measure(cut(mid)) <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return cut(low)
}

// NewPara is text that wraps.
func NewPara(s string) *widget.Label {
	l := widget.NewLabel(s)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// HintPara is secondary text that wraps.
func HintPara(s string) fyne.CanvasObject {
	seg := &widget.TextSegment{Text: Capital(s), Style: widget.RichTextStyle{ColorName: look.Muted, SizeName: theme.SizeNameCaptionText}}
	t := widget.NewRichText(seg)
	t.Wrapping = fyne.TextWrapWord
	return Flush(t)
}
