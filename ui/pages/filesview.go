package pages

import (
	"bytes"
	"context"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// Files reads and writes files of containers.
type Files interface {
	ListFiles(ctx context.Context, id, dir string) ([]model.File, error)
	ReadFile(ctx context.Context, id, file string, limit int64) ([]byte, error)
	Download(ctx context.Context, id, file string, w io.Writer) error
	WriteFile(ctx context.Context, id, dir, name string, mode, size int64, content io.Reader) error
}

// editLimit is the largest file that is edited here.
const editLimit = 256 << 10

// filesView browses a container's files.
type filesView struct {
	env    Env
	files  Files
	ct     model.Container
	box    *fyne.Container
	path   *kit.Entry
	list   *widget.List
	notice *kit.Notice
	note   *kit.Text
	dir    string
	rows   []model.File
	cancel context.CancelFunc
}

func newFilesView(env Env, files Files, ct model.Container) *filesView {
	v := &filesView{env: env, files: files, ct: ct, notice: kit.NewNotice(env.Copy), note: kit.Hint(""), cancel: func() {}}
	v.path = kit.NewEntry("/")
	v.path.OnSubmitted = v.open
	v.list = widget.NewList(func() int { return len(v.rows) }, func() fyne.CanvasObject { return newFileRow(v) }, func(i widget.ListItemID, o fyne.CanvasObject) {
		o.(*fileRow).set(v.rows[i])
	})
	v.list.OnSelected = func(i widget.ListItemID) {
		v.list.UnselectAll()
		v.enter(v.rows[i])
	}
	tools := kit.HBox(0.5, kit.Quiet("Upload…", "upload", v.upload), kit.Quiet("Refresh", "restart", func() { v.open(v.dir) }))
	up := kit.Quiet("", "back", func() { v.open(path.Dir(v.dir)) })
	v.box = container.NewBorder(kit.VBox(1, container.NewBorder(nil, nil, up, tools, v.path), v.notice.Box), v.note, nil, nil, kit.PadXY(0, 1, kit.Panel(v.list)))
	v.open("/")
	return v
}

func (v *filesView) close() { v.cancel() }

func (v *filesView) open(dir string) {
	dir = path.Clean("/" + dir)
	v.cancel()
	var rows []model.File
	v.note.SetText("Reading…")
	v.cancel = v.env.Go(func(ctx context.Context) (err error) {
		rows, err = v.files.ListFiles(ctx, v.ct.ID, dir)
		return err
	}, func(err error) {
		v.note.SetText("")
		if err != nil {
			report(v.notice, err)
			return
		}
		v.notice.Box.Hide()
		v.dir, v.rows = dir, rows
		v.path.SetText(dir)
		v.note.SetText(model.Plural(len(rows), "entry"))
		if len(rows) != 1 {
			v.note.SetText(strings.Replace(v.note.Text(), "entrys", "entries", 1))
		}
		v.list.ScrollToTop()
		v.list.Refresh()
	})
}

func (v *filesView) enter(f model.File) {
	full := path.Join(v.dir, f.Name)
	if f.Dir || f.Link != "" && f.Mode[0] == 'l' {
		v.open(full)
		return
	}
	v.edit(f)
}

// edit shows a small text and saves it when it was changed.
func (v *filesView) edit(f model.File) {
	full := path.Join(v.dir, f.Name)
	var text []byte
	v.env.Go(func(ctx context.Context) (err error) {
		text, err = v.files.ReadFile(ctx, v.ct.ID, full, editLimit)
		if err == nil && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0) {
			err = app.Errorf("Download it instead.", "%s is not a text", f.Name)
		}
		return err
	}, func(err error) {
		if err != nil {
			report(v.notice, err)
			return
		}
		e := widget.NewMultiLineEntry()
		e.TextStyle = fyne.TextStyle{Monospace: true}
		e.SetText(string(text))
		d := dialog.NewCustomConfirm(full, "Save", "Close", e, func(save bool) {
			if save && e.Text != string(text) {
				v.write(f.Name, modeBits(f.Mode), []byte(e.Text))
			}
		}, v.env.Window)
		size := v.env.Window.Canvas().Size()
		d.Resize(fyne.NewSize(size.Width*0.8, size.Height*0.8))
		d.Show()
	})
}

func modeBits(mode string) int64 {
	var m int64
	for i, c := range mode[1:] {
		if c != '-' {
			m |= 1 << (8 - i)
		}
	}
	return m
}

func (v *filesView) write(name string, mode int64, content []byte) {
	dir := v.dir
	v.env.Go(func(ctx context.Context) error {
		return v.files.WriteFile(ctx, v.ct.ID, dir, name, mode, int64(len(content)), bytes.NewReader(content))
	}, func(err error) {
		v.notice.Box.Hide()
		report(v.notice, err)
		v.open(v.dir)
	})
}

func (v *filesView) upload() {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil || r == nil {
			report(v.notice, err)
			return
		}
		dir := v.dir
		v.note.SetText("Uploading " + r.URI().Name() + "…")
		v.env.Go(func(ctx context.Context) error {
			defer r.Close()
			size, err := sizeOf(r)
			if err != nil {
				return err
			}
			return v.files.WriteFile(ctx, v.ct.ID, dir, r.URI().Name(), 0o644, size, r)
		}, func(err error) {
			report(v.notice, err)
			v.open(v.dir)
		})
	}, v.env.Window)
	d.Show()
}

// sizeOf finds a file's length: a tar's header has to tell it first.
func sizeOf(r fyne.URIReadCloser) (int64, error) {
	if s, ok := r.(io.Seeker); ok {
		n, err := s.Seek(0, io.SeekEnd)
		if err != nil {
			return 0, err
		}
		_, err = s.Seek(0, io.SeekStart)
		return n, err
	}
	other, err := storage.Reader(r.URI())
	if err != nil {
		return 0, err
	}
	defer other.Close()
	return io.Copy(io.Discard, other)
}

func (v *filesView) download(f model.File) {
	full := path.Join(v.dir, f.Name)
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			report(v.notice, err)
			return
		}
		v.env.Go(func(ctx context.Context) error {
			defer w.Close()
			return v.files.Download(ctx, v.ct.ID, full, w)
		}, func(err error) {
			report(v.notice, err)
			if err == nil {
				v.env.Notify("Downloaded", f.Name)
			}
		})
	}, v.env.Window)
	d.SetFileName(f.Name)
	d.Show()
}

// fileRow is one entry of a folder.
type fileRow struct {
	widget.BaseWidget
	view             *filesView
	file             model.File
	box              *fyne.Container
	icon             *widget.Icon
	name, size, mode *kit.Text
	get              *widget.Button
}

func newFileRow(v *filesView) *fileRow {
	r := &fileRow{view: v, icon: widget.NewIcon(nil), name: kit.NewText("", kit.Style{}), size: kit.NewText("", kit.Style{Align: fyne.TextAlignTrailing, Size: look.TextSmall}), mode: kit.NewText("", kit.Style{Mono: true, Size: look.TextSmall, Color: look.Muted})}
	r.get = kit.Quiet("", "download", func() { v.download(r.file) })
	r.box = container.New(kit.Columns{Cols: []kit.Column{{Width: 20}, {Share: 3}, {Width: 90}, {Width: 100, Hide: 500}, {Width: 36}}, Gap: 12}, r.icon, r.name, r.size, r.mode, r.get)
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is for the toolkit.
func (r *fileRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.PadXY(1, 0, r.box))
}

func (r *fileRow) set(f model.File) {
	r.file = f
	icon, size, name := "file", model.Size(f.Size), f.Name
	if f.Dir {
		icon, size = "folder", ""
	}
	if f.Link != "" {
		name, size = f.Name+" → "+f.Link, ""
	}
	r.icon.SetResource(look.IconIn(icon, look.Muted))
	r.name.SetText(name)
	r.size.SetText(size)
	r.mode.SetText(f.Mode)
	r.get.Hidden = f.Mode[0] != '-'
}
