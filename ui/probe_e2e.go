//go:build e2e

package ui

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
)

// ProbeItem is something on the screen with its words and place, in pixels from the window's corner.
type ProbeItem struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	X    int    `json:"x"`
	Y    int    `json:"y"`
	W    int    `json:"w"`
	H    int    `json:"h"`
	// Off says that it is disabled.
	Off bool `json:"off,omitempty"`
}

// Probe lists what is on the screen, for tests that click by real events: it reads and changes nothing.
func (w *Window) Probe() (items []ProbeItem) {
	done := make(chan struct{})
	w.pump.do(func() {
		defer close(done)
		c := w.win.Canvas()
		p := &prober{scale: c.Scale(), clip: image.Rect(0, 0, 1<<20, 1<<20)}
		if top := c.Overlays().Top(); top != nil {
			p.walk(top, fyne.Position{})
		} else {
			p.walk(c.Content(), fyne.Position{})
		}
		items = p.items
	})
	<-done
	return items
}

type prober struct {
	scale float32
	clip  image.Rectangle
	items []ProbeItem
}

func (p *prober) add(kind, text string, o fyne.CanvasObject, at fyne.Position, off bool) {
	s := o.Size()
	r := image.Rect(int(at.X*p.scale), int(at.Y*p.scale), int((at.X+s.Width)*p.scale), int((at.Y+s.Height)*p.scale))
	seen := r.Intersect(p.clip)
	if text != "" && !seen.Empty() {
		p.items = append(p.items, ProbeItem{kind, text, seen.Min.X, seen.Min.Y, seen.Dx(), seen.Dy(), off})
	}
}

func (p *prober) walk(o fyne.CanvasObject, base fyne.Position) {
	if o == nil || !o.Visible() {
		return
	}
	at := base.Add(o.Position())
	switch o := o.(type) {
	case *canvas.Text:
		p.add("text", o.Text, o, at, false)
	case *kit.Text:
		p.add("text", o.Text(), o, at, false)
		return
	case *kit.Link:
		p.add("link", o.Text(), o, at, false)
		return
	case *widget.Button:
		name := o.Text
		if name == "" && o.Icon != nil {
			name = o.Icon.Name()
		}
		p.add("button", name, o, at, o.Disabled())
		return
	case *widget.Check:
		p.add("check", o.Text+" ", o, at, o.Disabled())
		return
	case *widget.Label:
		p.add("label", o.Text, o, at, false)
		return
	case *widget.Entry:
		p.add("entry", o.Text+"|"+o.PlaceHolder, o, at, o.Disabled())
		return
	case *widget.SelectEntry:
		p.add("entry", o.Text+"|"+o.PlaceHolder, o, at, o.Disabled())
		return
	case *kit.Entry:
		p.add("entry", o.Text+"|"+o.PlaceHolder, o, at, o.Disabled())
		return
	case *widget.Slider:
		p.add("slider", "slider", o, at, false)
		return
	case *railItem:
		p.add("rail", o.word, o, at, false)
		return
	case *container.Scroll:
		keep := p.clip
		s := o.Size()
		p.clip = p.clip.Intersect(image.Rect(int(at.X*p.scale), int(at.Y*p.scale), int((at.X+s.Width)*p.scale), int((at.Y+s.Height)*p.scale)))
		p.children(o, at)
		p.clip = keep
		return
	}
	p.children(o, at)
}

func (p *prober) children(o fyne.CanvasObject, at fyne.Position) {
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			p.walk(c, at)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			p.walk(c, at)
		}
	}
}
