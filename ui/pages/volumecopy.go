package pages

import (
	"context"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/model"
)

// A VolumeCopier moves the content of volumes.
type VolumeCopier interface {
	ExportVolume(ctx context.Context, name string, w io.Writer) error
	ImportVolume(ctx context.Context, name string, r io.Reader) error
	CloneVolume(ctx context.Context, from, to string) error
	OpenVolume(ctx context.Context, name string) (*dock.VolumeFiles, error)
}

// browse shows a volume's files, whether a container has it or not.
func (p *Volumes) browse(r model.VolumeRow) {
	var files *dock.VolumeFiles
	p.env.Go(func(ctx context.Context) (err error) {
		files, err = p.copier.OpenVolume(ctx, r.Name)
		return err
	}, func(err error) {
		if err != nil {
			report(p.notice, err)
			return
		}
		view := newFilesView(p.env, files, model.Container{Name: r.Name})
		d := dialog.NewCustom(model.Shorten(r.Name, 80), "Close", view.box, p.env.Window)
		d.SetOnClosed(func() {
			view.close()
			p.env.Go(func(context.Context) error { files.Close(); return nil }, func(error) {})
		})
		size := p.env.Window.Canvas().Size()
		d.Resize(fyne.NewSize(size.Width*0.8, size.Height*0.8))
		d.Show()
	})
}

func (p *Volumes) menu(at fyne.CanvasObject, r model.VolumeRow) {
	p.env.menu(at,
		item("Browse files", true, func() { p.browse(r) }), item("Inspect", true, func() { p.inspect(r) }), item("Export…", true, func() { p.export(r) }), item("Import…", true, func() { p.importInto(r) }),
		item("Clone…", true, func() { p.clone(r) }), item("Copy name", true, func() { p.env.Copy(r.Name) }),
		fyne.NewMenuItemSeparator(), item("Remove…", len(r.UsedBy) == 0, func() { p.remove(r) }))
}

// copying runs work and says how it went.
func (p *Volumes) copying(doing, done string, work func(context.Context) error) {
	p.notice.Tell(model.Accent, doing, "")
	p.env.Go(work, func(err error) {
		p.notice.Box.Hide()
		if err != nil {
			report(p.notice, err)
			return
		}
		p.counted = -1 // measure again
		p.notice.Tell(model.Good, done, "")
		p.env.Notify(done, "")
	})
}

func (p *Volumes) export(r model.VolumeRow) {
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			report(p.notice, err)
			return
		}
		p.copying("Exporting "+r.Name+"…", r.Name+" is exported to "+w.URI().Name()+".", func(ctx context.Context) error {
			if err := p.copier.ExportVolume(ctx, r.Name, w); err != nil {
				w.Close()
				return err
			}
			return w.Close()
		})
	}, p.env.Window)
	d.SetFileName(r.Name + ".tar")
	d.Show()
}

func (p *Volumes) importInto(r model.VolumeRow) {
	d := dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
		if err != nil || f == nil {
			report(p.notice, err)
			return
		}
		p.copying("Importing "+f.URI().Name()+"…", f.URI().Name()+" is imported into "+r.Name+".", func(ctx context.Context) error {
			defer f.Close()
			return p.copier.ImportVolume(ctx, r.Name, f)
		})
	}, p.env.Window)
	d.Show()
}

func (p *Volumes) clone(r model.VolumeRow) {
	var taken []string
	for _, v := range p.state.Docker.Volumes {
		taken = append(taken, v.Name)
	}
	p.env.prompt("Clone “"+model.Shorten(r.Name, 48)+"”", "Name of the copy", r.Name+"-copy", "Clone", r.Name+"-copy", func(s string) string { return model.CheckVolumeName(s, taken) }, func(name string) {
		p.copying("Cloning "+r.Name+"…", name+" is a copy of "+r.Name+" now.", func(ctx context.Context) error { return p.copier.CloneVolume(ctx, r.Name, name) })
	})
}
