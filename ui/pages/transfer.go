package pages

import (
	"context"
	"strconv"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// transferView shows a pull, push, load or save per layer, and cancels it.
type transferView struct {
	card   *fyne.Container
	status *kit.Text
	bar    *kit.Bar
	layers *fyne.Container
	rows   []*layerRow

	mu    sync.Mutex
	state model.Transfer
}

// layersShown is how many layers have a line of their own; the bar counts all.
const layersShown = 6

func newTransferView(env Env, title string, work func(context.Context, func(model.Progress)) error, done func(error)) *transferView {
	v := &transferView{status: kit.Hint("Asking…"), bar: kit.NewBar(6), layers: kit.VBox(0.5)}
	fresh := newSoon(env.Post, v.refresh)
	cancel := env.Go(func(ctx context.Context) error {
		return work(ctx, func(p model.Progress) {
			v.mu.Lock()
			v.state.Apply(p)
			v.mu.Unlock()
			fresh.poke()
		})
	}, done)
	stop := widget.NewButton("Cancel", nil)
	stop.OnTapped = func() {
		cancel()
		done(context.Canceled)
	}
	v.card = kit.Card(kit.VBox(1, container.NewBorder(nil, nil, nil, stop, kit.VBox(0.25, kit.NewText(title, kit.Style{Bold: true}), v.status)), v.bar, v.layers))
	return v
}

func (v *transferView) refresh() {
	v.mu.Lock()
	layers, status, part := v.state.Layers(), v.state.Status(), v.state.Fraction()
	v.mu.Unlock()
	v.status.SetText(status)
	v.bar.Set(part, model.Accent)
	var open []model.Layer
	done := 0
	for _, l := range layers {
		if l.Done {
			done++
		} else if len(open) < layersShown {
			open = append(open, l)
		}
	}
	if len(layers) > 0 {
		v.status.SetText(model.Plural(len(layers), "layer") + ", " + strconv.Itoa(done) + " done")
	}
	for len(v.rows) < len(open) {
		v.rows = append(v.rows, newLayerRow())
	}
	n := len(v.layers.Objects)
	v.layers.Objects = v.layers.Objects[:0]
	for i, l := range open {
		v.rows[i].set(l)
		v.layers.Objects = append(v.layers.Objects, v.rows[i].box)
	}
	if n != len(open) {
		v.card.Refresh()
	}
}

type layerRow struct {
	box      *fyne.Container
	id, text *kit.Text
	bar      *kit.Bar
}

func newLayerRow() *layerRow {
	r := &layerRow{id: kit.NewText("", kit.Style{Mono: true, Size: look.TextSmall}), text: kit.Hint(""), bar: kit.NewBar(4)}
	r.box = container.New(kit.Columns{Cols: []kit.Column{{Width: 100}, {Share: 1}, {Share: 1}}, Gap: 12}, r.id, r.bar, r.text)
	return r
}

func (r *layerRow) set(l model.Layer) {
	r.id.SetText(model.ShortID(l.ID))
	r.text.SetText(l.Line())
	r.bar.Set(l.Fraction(), model.Accent)
}
