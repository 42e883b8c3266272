package pages

import (
	"context"
	"io"
	"math"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// logsView follows an output: it searches, wraps, shows timestamps, copies and saves.
type logsView struct {
	env  Env
	box  *fyne.Container
	list *widget.List
	note *kit.Text
	name string

	mu    sync.Mutex
	logs  *model.Logs
	fresh *soon

	view   model.LogView
	rows   []model.LogRow
	follow *widget.Check
	wrap   *widget.Check
	stamps *widget.Check
	notice *kit.Notice
	cell   fyne.Size
	width  float32
	ended  string
	cancel context.CancelFunc
}

// keptLines of an output are shown at most.
const keptLines = 10000

const logTextSize = termTextSize

// newLogsView makes a view and starts source, which writes until its context ends.
func newLogsView(env Env, name string, source func(ctx context.Context, out, errs io.Writer) error) *logsView {
	v := makeLogsView(env, name, true)
	v.cancel = env.Go(func(ctx context.Context) error {
		return source(ctx, logWriter{v, false}, logWriter{v, true})
	}, func(err error) {
		report(v.notice, err)
		if err == nil {
			v.ended = " The output has ended."
			v.refresh()
		}
	})
	return v
}

// newTextView shows a text that does not change.
func newTextView(env Env, name, text string) *logsView {
	v := makeLogsView(env, name, false)
	v.logs.Add(text+"\n", false)
	v.refresh()
	return v
}

func makeLogsView(env Env, name string, live bool) *logsView {
	v := &logsView{env: env, name: name, logs: model.NewLogs(keptLines), notice: kit.NewNotice(env.Copy), note: kit.Hint("")}
	v.cell = fyne.MeasureText("MMMMMMMMMM", logTextSize, fyne.TextStyle{Monospace: true})
	v.cell = fyne.NewSize(v.cell.Width/10, float32(math.Ceil(float64(v.cell.Height))))
	v.fresh = newSoon(env.Post, v.refresh)
	v.list = widget.NewList(func() int { return len(v.rows) }, func() fyne.CanvasObject { return newLogRow(v.cell.Height) }, func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < len(v.rows) {
			o.(*logRow).set(v.rows[i])
		}
	})
	v.list.HideSeparators = true
	v.list.OnSelected = func(widget.ListItemID) { v.list.UnselectAll() }
	search := searchEntry("Search these lines", func(s string) { v.view.Search = s; v.refresh() })
	check := func(label string, on bool, f func(bool)) *widget.Check {
		c := widget.NewCheck(label, nil)
		c.SetChecked(on)
		c.OnChanged = f
		return c
	}
	v.follow = check("Follow", live, func(on bool) {
		if on {
			v.list.ScrollToBottom()
		}
	})
	v.wrap = check("Wrap", true, func(bool) { v.refresh() })
	v.stamps = check("Timestamps", false, func(on bool) { v.view.Timestamps = on; v.refresh() })
	v.follow.Hidden, v.stamps.Hidden = !live, !live
	tools := kit.HBox(0.5, v.follow, v.wrap, v.stamps, kit.Quiet("Copy", "copy", func() { env.Copy(v.text()) }), kit.Quiet("Save…", "save", v.save))
	paper := container.NewStack(kit.NewBox(look.Term, "", 8), container.New(widthWatch{v}, container.NewThemeOverride(kit.PadXY(1, 0.75, v.list), look.New(look.Dark))))
	v.box = container.NewBorder(kit.VBox(1, container.NewBorder(nil, nil, nil, tools, kit.MaxWidth(360, search)), v.notice.Box), v.note, nil, nil, kit.PadXY(0, 1, paper))
	return v
}

// widthWatch tells the view how wide it is, for wrapping.
type widthWatch struct{ v *logsView }

func (w widthWatch) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	objs[0].Resize(s)
	if s.Width != w.v.width {
		w.v.width = s.Width
		w.v.fresh.poke()
	}
}

func (w widthWatch) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 80) }

type logWriter struct {
	v      *logsView
	stderr bool
}

// Write may be called beside the UI.
func (w logWriter) Write(b []byte) (int, error) {
	w.v.mu.Lock()
	w.v.logs.Add(string(b), w.stderr)
	w.v.mu.Unlock()
	w.v.fresh.poke()
	return len(b), nil
}

func (v *logsView) refresh() {
	if v.list == nil {
		return
	}
	v.view.Columns = 0
	if v.wrap.Checked {
		v.view.Columns = int((v.width - 32) / v.cell.Width)
	}
	v.mu.Lock()
	v.rows = v.logs.Rows(v.view)
	n := v.logs.Len()
	v.mu.Unlock()
	v.list.Refresh()
	if v.follow.Checked {
		v.list.ScrollToBottom()
	}
	switch {
	case n == 0:
		v.note.SetText("Nothing has been written yet." + v.ended)
	case v.view.Search != "":
		v.note.SetText(model.Plural(len(v.rows), "matching row") + " of " + model.Plural(n, "line"))
	default:
		v.note.SetText(model.Plural(n, "line") + "." + v.ended)
	}
}

func (v *logsView) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.logs.Text(v.view.Timestamps)
}

func (v *logsView) save() {
	text := v.text()
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			report(v.notice, err)
			return
		}
		v.env.Go(func(context.Context) error {
			defer w.Close()
			_, err := io.WriteString(w, text)
			return err
		}, func(err error) { report(v.notice, err) })
	}, v.env.Window)
	d.SetFileName(v.name + ".log")
	d.Show()
}

func (v *logsView) close() { v.cancel() }

// logRow is one row of text.
type logRow struct {
	widget.BaseWidget
	text   *canvas.Text
	height float32
}

func newLogRow(height float32) *logRow {
	r := &logRow{text: canvas.NewText("", theme.Color(look.TermText)), height: height}
	r.text.TextSize, r.text.TextStyle = logTextSize, fyne.TextStyle{Monospace: true}
	r.ExtendBaseWidget(r)
	return r
}

// MinSize is one line.
func (r *logRow) MinSize() fyne.Size { return fyne.NewSize(20, r.height) }

// CreateRenderer is for the toolkit.
func (r *logRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.text) }

func (r *logRow) set(row model.LogRow) {
	c := theme.Color(look.TermText)
	if row.Err {
		c = look.New(look.Dark).Color(theme.ColorNameWarning, theme.VariantDark)
	}
	if r.text.Text != row.Text || r.text.Color != c {
		r.text.Text, r.text.Color = row.Text, c
		r.text.Refresh()
	}
}
