package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Relayout lays out the visible containers below o again, for contents whose needs have changed. The toolkit does so by
// itself too, but forgets a container when objects in two of its children change at once.
func Relayout(o fyne.CanvasObject) {
	if o == nil || !o.Visible() {
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		if o.Layout != nil {
			o.Layout.Layout(o.Objects, o.Size())
		}
		for _, c := range o.Objects {
			Relayout(c)
		}
	case *container.Scroll:
		size := o.Size()
		if want := fyne.NewSize(size.Width, max(size.Height, o.Content.MinSize().Height)); o.Direction == container.ScrollVerticalOnly && o.Content.Size() != want {
			o.Content.Resize(want)
		}
		Relayout(o.Content)
	}
}
