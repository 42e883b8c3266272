package pages

import (
	"context"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// An Examiner knows this computer and what Wherry is made of. It needs no engine.
type Examiner interface {
	// Examine checks the computer, as `wherry doctor` does.
	Examine(ctx context.Context) ([]model.Check, error)
	// Collect writes a zip archive for somebody who helps to a file, as `wherry diagnose` does; an existing file is replaced.
	Collect(ctx context.Context, file string) error
	// Licences are of all parts of Wherry.
	Licences(ctx context.Context) ([]model.Licence, error)
}

// checkupView shows how this computer is, and packs what helps.
type checkupView struct {
	env      Env
	examiner Examiner
	box      *fyne.Container
	list     *fyne.Container
	summary  *kit.Text
	notice   *kit.Notice
	again    *widget.Button
	copy     *widget.Button
	collect  *widget.Button
	checks   []model.Check
	busy     bool
}

func newCheckupView(env Env, examiner Examiner) *checkupView {
	v := &checkupView{env: env, examiner: examiner, list: kit.VBox(1.5), summary: kit.NewText("", kit.Style{Bold: true}), notice: kit.NewNotice(env.Copy)}
	v.again = kit.Button("Check again", "restart", v.examine)
	v.copy = kit.Button("Copy", "copy", func() { env.Copy(model.CheckText(v.checks)) })
	v.collect = kit.Button("Save a diagnosis…", "save", v.save)
	head := container.NewBorder(nil, nil, nil, kit.HBox(1, v.copy, v.collect, v.again), v.summary)
	note := kit.HintPara("A diagnosis is a zip file with this check-up, the settings, the logs and facts about this computer, for somebody who helps you. Passwords and tokens are taken out; it is not sent anywhere.")
	v.box = container.NewBorder(kit.PadXY(0, 1.5, kit.VBox(1, head, v.notice.Box, note)), nil, nil, nil, container.NewVScroll(kit.Pad(0.25, v.list)))
	v.examine()
	return v
}

func (v *checkupView) examine() {
	if v.busy {
		return
	}
	v.busy = true
	v.again.Disable()
	v.summary.SetText("Checking this computer…")
	var checks []model.Check
	v.env.Go(func(ctx context.Context) (err error) {
		checks, err = v.examiner.Examine(ctx)
		return err
	}, func(err error) {
		v.busy = false
		v.again.Enable()
		v.notice.Box.Hide()
		if err != nil {
			v.summary.SetText("This computer could not be checked.")
			report(v.notice, err)
			return
		}
		v.show(checks)
	})
}

func (v *checkupView) show(checks []model.Check) {
	v.checks = checks
	text, tone := model.Summary(checks)
	v.summary.SetText(text)
	v.summary.SetColor(look.ToneColor(tone))
	v.list.Objects = nil
	for _, c := range checks {
		v.list.Objects = append(v.list.Objects, checkRow(c))
	}
	v.list.Refresh()
	kit.Relayout(v.box)
}

func checkRow(c model.Check) fyne.CanvasObject {
	icon := container.NewGridWrap(fyne.NewSize(20, 20), widget.NewIcon(look.IconIn(c.Icon(), look.ToneColor(c.Tone()))))
	words := kit.VBox(0.25, kit.NewText(kit.Capital(c.Title), kit.Style{Bold: true}), kit.HintPara(c.Message))
	if c.Fix != "" {
		fix := kit.NewPara(kit.Capital(c.Fix))
		fix.Selectable = true
		words.Add(kit.Flush(fix))
	}
	return kit.Card(container.NewBorder(nil, nil, kit.HBox(0, kit.VBox(0, icon), kit.Gap(12)), nil, words))
}

// save asks for a file and packs the diagnosis into it.
func (v *checkupView) save() {
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			report(v.notice, err)
			return
		}
		file := filepath.FromSlash(w.URI().Path())
		_ = w.Close() // the program that packs writes it
		v.collect.Disable()
		v.notice.Tell(model.Accent, "Packing the diagnosis…", "")
		kit.Relayout(v.box)
		v.env.Go(func(ctx context.Context) error { return v.examiner.Collect(ctx, file) }, func(err error) {
			v.collect.Enable()
			v.notice.Box.Hide()
			if err != nil {
				report(v.notice, err)
			} else {
				v.notice.Tell(model.Good, "The diagnosis is in "+file, "Look into it before you give it to somebody.")
				v.env.Notify("The diagnosis is ready", file)
			}
			kit.Relayout(v.box)
		})
	}, v.env.Window)
	d.SetFileName("wherry-diagnosis.zip")
	d.Show()
}

// licencesView lists what Wherry is made of, with the licences.
type licencesView struct {
	env    Env
	box    *fyne.Container
	notice *kit.Notice
	search *kit.Entry
	count  *kit.Text
	list   *widget.List
	all    []model.Licence
	shown  []model.Licence
}

func newLicencesView(env Env, examiner Examiner) *licencesView {
	v := &licencesView{env: env, notice: kit.NewNotice(env.Copy), count: kit.NewText("", kit.Style{Color: look.Muted, Size: look.TextSmall, Whole: true})}
	v.search = searchEntry("Search parts and licences", func(string) { v.find() })
	cols := kit.Columns{Cols: []kit.Column{{Share: 4}, {Share: 3, Hide: 560}, {Share: 2}, {Width: 92}}, Gap: 12}
	line := func(style kit.Style) *fyne.Container {
		name := style
		name.Middle = true
		return container.New(cols, kit.NewText("", name), kit.NewText("", style), kit.NewText("", style), kit.NewText("", style))
	}
	fill := func(c *fyne.Container, texts ...string) {
		for i, s := range texts {
			c.Objects[i].(*kit.Text).SetText(s)
		}
	}
	head := line(kit.Style{Size: look.TextSmall, Color: look.Muted, Bold: true})
	fill(head, "Part", "Version", "Licence", "Of")
	v.list = widget.NewList(func() int { return len(v.shown) }, func() fyne.CanvasObject { return kit.PadXY(1, 0.5, line(kit.Style{Size: look.TextSmall})) }, func(i widget.ListItemID, o fyne.CanvasObject) {
		l := v.shown[i]
		fill(o.(*fyne.Container).Objects[0].(*fyne.Container), l.Name, l.Version, l.Licence, l.Part)
	})
	v.list.OnSelected = func(i widget.ListItemID) { v.list.UnselectAll(); v.open(v.shown[i]) }
	v.box = container.NewBorder(kit.PadXY(0, 1.5, kit.VBox(1, toolbar(v.search, v.count), v.notice.Box)), nil, nil, nil,
		kit.Panel(container.NewBorder(kit.PadXY(1, 0.5, head), nil, nil, nil, v.list)))
	var all []model.Licence
	env.Go(func(ctx context.Context) (err error) {
		all, err = examiner.Licences(ctx)
		return err
	}, func(err error) {
		report(v.notice, err)
		v.all = all
		v.find()
	})
	return v
}

func (v *licencesView) find() {
	v.shown = model.FindLicences(v.all, v.search.Text)
	v.count.SetText(model.Plural(len(v.shown), "part"))
	v.list.Refresh()
}

func (v *licencesView) open(l model.Licence) {
	text := l.Text
	if text == "" {
		text = strings.Join([]string{l.Name + " " + l.Version, l.Licence, "", "Its full text is not part of this build."}, "\n")
	}
	v.env.big(model.Shorten(l.Name, 60), newTextView(v.env, "licence", text).box)
}
