package pages

import (
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// sharesInput is the list of folders that containers may use: each with how it is in the running engine, whether it is
// for reading only, and a way to take it off; below them one to add another, typed or picked.
type sharesInput struct {
	env     Env
	box     *fyne.Container
	lines   *fyne.Container
	none    *kit.Text
	path    *kit.Entry
	add     *widget.Button
	changed func(string)
	settled func()
	shares  app.Settings // only its Shares are used
	rows    []*shareLine
	state   model.State
}

type shareLine struct {
	box   *fyne.Container
	share app.Share
	note  *kit.Text
}

func newSharesInput(env Env, changed func(string), settled func()) *sharesInput {
	in := &sharesInput{env: env, lines: kit.VBox(0.5), none: kit.Hint("No folder is shared: containers see nothing of this computer."), path: kit.NewEntry("a folder's whole path"), changed: changed, settled: settled}
	in.add = kit.Button("Add", "plus", func() { in.put(in.path.Text) })
	in.path.OnChanged = func(s string) { kit.Able(in.add, s != "") }
	in.path.OnSubmitted = in.put
	in.add.Disable()
	browse := kit.Button("Choose…", "folder", in.browse)
	in.box = kit.VBox(1, in.none, in.lines, container.NewBorder(nil, nil, nil, kit.HBox(1, browse, in.add), in.path))
	return in
}

func (in *sharesInput) object() fyne.CanvasObject { return in.box }
func (in *sharesInput) focus() fyne.Focusable     { return in.path }

func (in *sharesInput) set(v string) {
	in.shares.Shares = app.SplitList(v)
	in.fill()
}

// put adds a folder.
func (in *sharesInput) put(path string) {
	if path == "" {
		return
	}
	in.path.SetText("")
	in.change(in.shares.AddShare(app.Share{Path: filepath.Clean(path)}))
}

// mode makes a folder one for reading only, or not, in its place.
func (in *sharesInput) mode(path string, readOnly bool) {
	var entries []string
	for _, s := range in.shares.ShareList() {
		if s.Path == path {
			s.ReadOnly = readOnly
		}
		entries = append(entries, s.String())
	}
	in.change(app.JoinList(entries))
}

func (in *sharesInput) change(v string) {
	in.shares.Shares = app.SplitList(v)
	in.fill()
	in.changed(v)
}

func (in *sharesInput) fill() {
	in.rows, in.lines.Objects = nil, nil
	for _, s := range in.shares.ShareList() {
		row := in.row(s)
		in.rows = append(in.rows, row)
		in.lines.Objects = append(in.lines.Objects, row.box)
	}
	kit.Visible(in.none, len(in.rows) == 0)
	kit.Visible(in.lines, len(in.rows) > 0)
	in.lines.Refresh()
	in.show(in.state)
	in.settled()
}

func (in *sharesInput) row(s app.Share) *shareLine {
	r := &shareLine{share: s, note: kit.NewText("", kit.Style{Size: look.TextSmall, Color: look.Muted})}
	readOnly := widget.NewCheck("read only", nil)
	readOnly.SetChecked(s.ReadOnly)
	readOnly.OnChanged = func(on bool) { in.mode(s.Path, on) }
	rm := kit.Quiet("", "trash", func() {
		if v, ok := in.shares.RemoveShare(s.Path); ok {
			in.change(v)
		}
	})
	icon := container.NewGridWrap(fyne.NewSize(18, 18), widget.NewIcon(look.IconIn("folder", look.Muted)))
	words := kit.VBox(0.25, kit.NewText(s.Path, kit.Style{Middle: true}), r.note)
	r.box = container.NewBorder(nil, nil, kit.HBox(0, icon, kit.Gap(10)), kit.HBox(1, readOnly, rm), words)
	return r
}

// show takes in how the folders are in the running engine.
func (in *sharesInput) show(s model.State) {
	in.state = s
	for _, r := range in.rows {
		note, tone := model.ShareNote(s, r.share)
		r.note.SetText(note)
		c := look.Muted
		if tone != model.Neutral {
			c = look.ToneColor(tone)
		}
		r.note.SetColor(c)
	}
}

func (in *sharesInput) browse() {
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err == nil && dir != nil {
			in.put(filepath.FromSlash(dir.Path()))
		}
	}, in.env.Window)
	size := in.env.Window.Canvas().Size()
	d.Resize(fyne.NewSize(min(size.Width-48, 860), min(size.Height-48, 600)))
	d.Show()
}
