package pages

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/model"
)

// A Runner makes containers.
type Runner interface {
	RunContainer(ctx context.Context, r model.Run) (id string, err error)
	Pull(ctx context.Context, ref string, report func(model.Progress)) error
}

// runDialog asks what to run and checks it while it is typed.
type runDialog struct {
	env    Env
	runner Runner
	state  func() model.State

	d       *dialog.CustomDialog
	body    *container.Scroll
	image   *widget.SelectEntry
	name    *widget.Entry
	command *widget.Entry
	ports   *widget.Entry
	volumes *widget.Entry
	envVars *widget.Entry
	restart *widget.Select
	network *widget.Select
	remove  *widget.Check
	fields  map[string]*kit.Field
	notice  *kit.Notice
	status  *kit.Text
	bar     *kit.Bar
	ok      *widget.Button
	cancel  context.CancelFunc
	touched map[string]bool
}

// Run opens the run dialog. state tells the newest state.
func Run(env Env, runner Runner, state func() model.State, image string) {
	r := &runDialog{env: env, runner: runner, state: state, fields: map[string]*kit.Field{}, touched: map[string]bool{}, notice: kit.NewNotice(env.Copy), status: kit.Hint(""), bar: kit.NewBar(4)}
	var tags, nets []string
	for _, im := range state().Docker.Images {
		tags = append(tags, im.Tags...)
	}
	slices.Sort(tags)
	for _, n := range state().Docker.Networks {
		nets = append(nets, n.Name)
	}
	slices.Sort(nets)
	r.image = widget.NewSelectEntry(tags)
	r.image.SetPlaceHolder("nginx:alpine")
	entry := func(hint string, many bool) *widget.Entry {
		e := widget.NewEntry()
		if many {
			e = widget.NewMultiLineEntry()
			e.SetMinRowsVisible(3)
			e.Wrapping = fyne.TextWrapOff
		}
		e.SetPlaceHolder(hint)
		return e
	}
	r.name, r.command = entry("chosen by docker", false), entry("as the image says", false)
	r.ports, r.volumes, r.envVars = entry("8080:80", true), entry("data:/var/lib/data", true), entry("KEY=value", true)
	r.restart = widget.NewSelect(model.RestartPolicies(), nil)
	r.restart.SetSelected("no")
	r.network = widget.NewSelect(nets, nil)
	r.network.PlaceHolder = "bridge"
	r.remove = widget.NewCheck("Remove the container when it ends", nil)
	r.build(image)
}

func (r *runDialog) build(image string) {
	field := func(key, name, help string, input fyne.CanvasObject) fyne.CanvasObject {
		f := kit.NewField(name, help, input)
		r.fields[key] = f
		return f.Box
	}
	left := kit.VBox(1.5,
		field(model.FieldImage, "Image", "a name from the list, or one to pull", r.image),
		field(model.FieldName, "Name", "optional", r.name),
		field(model.FieldCommand, "Command", "optional", r.command),
		field(model.FieldRestart, "Restart", "what docker does when it ends or the engine starts", kit.Outline(r.restart)),
		kit.NewField("Network", "", kit.Outline(r.network)).Box)
	right := kit.VBox(1.5,
		field(model.FieldPorts, "Ports", "one per line: this computer, container", r.ports),
		field(model.FieldVolumes, "Volumes", "one per line: volume or folder, path", r.volumes),
		field(model.FieldEnv, "Environment", "one per line", r.envVars), r.remove)
	r.ok = kit.Primary("Run", "play", r.start)
	r.bar.Hide()
	form := container.New(kit.Columns{Cols: []kit.Column{{Share: 1}, {Share: 1}}, Gap: 24, Top: true}, left, right)
	r.body = container.NewVScroll(kit.Pad(1, form))
	size := r.env.Window.Canvas().Size()
	r.d = dialog.NewCustomWithoutButtons("Run a container", container.NewBorder(nil, kit.VBox(0.5, r.notice.Box, r.status, r.bar), nil, nil, r.body), r.env.Window)
	r.d.SetButtons([]fyne.CanvasObject{widget.NewButton("Cancel", r.close), r.ok})
	r.d.Resize(fyne.NewSize(min(size.Width-32, 760), min(size.Height-32, 600)))
	for key, e := range map[string]*widget.Entry{model.FieldImage: &r.image.Entry, model.FieldName: r.name, model.FieldCommand: r.command, model.FieldPorts: r.ports, model.FieldVolumes: r.volumes, model.FieldEnv: r.envVars} {
		e.OnChanged = func(string) { r.touched[key] = true; r.check() }
	}
	r.restart.OnChanged = func(string) { r.touched[model.FieldRestart] = true; r.check() }
	r.remove.OnChanged = func(bool) { r.touched[model.FieldRestart] = true; r.check() }
	if image != "" {
		r.image.SetText(image)
	}
	r.check()
	r.d.Show()
	if image == "" {
		r.env.Window.Canvas().Focus(r.image)
	} else {
		r.env.Window.Canvas().Focus(r.name)
	}
}

func (r *runDialog) form() model.RunForm {
	return model.RunForm{
		Image: r.image.Text, Name: r.name.Text, Command: r.command.Text, Ports: r.ports.Text, Volumes: r.volumes.Text,
		Env: r.envVars.Text, Restart: r.restart.Selected, AutoRemove: r.remove.Checked, Network: r.network.Selected,
	}
}

// check shows what is wrong at the fields that were touched, and allows to run when nothing is.
func (r *runDialog) check() model.Run {
	run, bad := r.form().Check(r.state().Docker.Containers)
	for key, f := range r.fields {
		if r.touched[key] {
			f.SetError(bad[key])
		}
	}
	kit.Able(r.ok, len(bad) == 0 && r.cancel == nil)
	kit.Relayout(r.body)
	return run
}

func (r *runDialog) start() {
	run := r.check()
	if r.ok.Disabled() {
		return
	}
	r.notice.Box.Hide()
	r.bar.Show()
	r.status.SetText("Starting it…")
	fresh := model.Transfer{}
	reports := make(chan model.Progress, 256)
	poke := newSoon(r.env.Post, func() {
		for len(reports) > 0 {
			fresh.Apply(<-reports)
		}
		r.bar.Set(fresh.Fraction(), model.Accent)
	})
	pull := !r.has(run.Image)
	if pull {
		r.status.SetText("Pulling " + run.Image + "…")
	}
	var id string
	r.cancel = r.env.Go(func(ctx context.Context) (err error) {
		if pull {
			if err := r.runner.Pull(ctx, run.Image, func(p model.Progress) {
				select {
				case reports <- p:
				default: // newer ones come
				}
				poke.poke()
			}); err != nil {
				return err
			}
		}
		id, err = r.runner.RunContainer(ctx, run)
		return err
	}, func(err error) {
		r.cancel = nil
		r.bar.Hide()
		r.status.SetText("")
		if err != nil {
			report(r.notice, err)
			r.check()
			return
		}
		r.d.Hide()
		r.env.Navigate(model.PageContainers, id)
	})
	r.check()
}

func (r *runDialog) has(image string) bool {
	name, tag := model.SplitRef(image)
	for _, im := range r.state().Docker.Images {
		if slices.Contains(im.Tags, name+":"+tag) || strings.HasPrefix(strings.TrimPrefix(im.ID, "sha256:"), strings.TrimPrefix(image, "sha256:")) {
			return true
		}
	}
	return false
}

func (r *runDialog) close() {
	if r.cancel != nil {
		r.cancel()
	}
	r.d.Hide()
}
