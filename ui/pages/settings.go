package pages

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// Prefs are what the window remembers for itself.
type Prefs interface {
	Theme() look.Mode
	SetTheme(look.Mode)
	StopOnQuit() bool
	SetStopOnQuit(bool)
}

// Settings shows and changes what the user can decide.
type Settings struct {
	env     Env
	service app.Configurer
	content fyne.CanvasObject

	form    model.SettingsForm
	cpus    *sliderField
	memory  *sliderField
	disk    *sliderField
	driver  *widget.Select
	accel   *widget.Select
	fields  map[string]*kit.Field
	notice  *kit.Notice
	apply   *widget.Button
	revert  *widget.Button
	restart *widget.Button
	loaded  bool
	loading bool
	filling bool
}

// NewSettings makes the page.
func NewSettings(env Env, service app.Configurer, prefs Prefs, host app.Host) *Settings {
	p := &Settings{env: env, service: service, fields: map[string]*kit.Field{}, notice: kit.NewNotice(env.Copy), form: model.SettingsForm{Host: host}}
	p.cpus = newSliderField(func(n int64) string { return model.Plural(int(n), "processor") }, func(n int64) { p.change("cpus", strconv.FormatInt(n, 10)) },
		func(s string) { n, _, _ := strings.Cut(strings.TrimSpace(s), " "); p.change("cpus", n) })
	size := func(key string) *sliderField {
		return newSliderField(app.FormatSize, func(n int64) { p.change(key, app.FormatSize(n)) }, func(s string) { p.change(key, s) })
	}
	p.memory, p.disk = size("memory"), size("disk")
	p.driver = widget.NewSelect(append([]string{app.Auto}, host.Drivers...), func(s string) { p.change("driver", s) })
	p.accel = widget.NewSelect([]string{app.Auto, "kvm", "hvf", "whpx", "vz", "tcg"}, func(s string) { p.change("accel", s) })
	field := func(key, name, help string, o fyne.CanvasObject) fyne.CanvasObject {
		f := kit.NewField(name, help, o)
		p.fields[key] = f
		return f.Box
	}
	most := ""
	if host.Memory > 0 {
		most = ", of " + model.Size(host.Memory) + " here"
	}
	resources := section("Resources", "What the Linux machine may use. It takes memory as it needs it and gives back what it does not.",
		field("cpus", "Processors", fmt.Sprintf("of %d here", host.CPUs), p.cpus.box),
		field("memory", "Memory", "at most"+most, p.memory.box),
		field("disk", "Disk", "for images, containers and volumes; the file grows as it fills, and can only be made larger", p.disk.box))
	engine := section("Engine", "How the machine is run. Automatic is right almost always.",
		container.New(kit.Columns{Cols: []kit.Column{{Share: 1}, {Share: 1}}, Gap: 24, Top: true}, field("driver", "Driver", "what runs the machine", kit.Outline(p.driver)), field("accel", "Accelerator", "tcg works everywhere and is slow", kit.Outline(p.accel))))
	p.apply = kit.Primary("Apply", "", p.save)
	p.revert = widget.NewButton("Revert", func() { p.fill() })
	p.restart = kit.Button("Restart the engine now", "restart", func() { p.restart.Hide(); p.notice.Box.Hide(); env.Engine(model.ActRestart) })
	p.restart.Hide()
	bar := kit.HBox(1, p.restart, kit.Spring(), p.revert, p.apply)
	body := kit.VBox(2, resources, engine, p.appearance(prefs))
	p.content = container.NewBorder(nil, kit.VBox(0, kit.Rule(), kit.PadXY(3, 1.5, kit.MaxWidth(820, kit.VBox(1, p.notice.Box, bar)))), nil, nil, container.NewVScroll(kit.Pad(3, kit.MaxWidth(820, body))))
	p.check()
	return p
}

func section(title, text string, objs ...fyne.CanvasObject) fyne.CanvasObject {
	all := append([]fyne.CanvasObject{kit.VBox(0.25, kit.Title(title), kit.Hint(text))}, objs...)
	return kit.Card(kit.VBox(2, all...))
}

func (p *Settings) appearance(prefs Prefs) fyne.CanvasObject {
	names := map[string]look.Mode{"Follow the system": look.System, "Light": look.Light, "Dark": look.Dark}
	theme := widget.NewSelect([]string{"Follow the system", "Light", "Dark"}, nil)
	for n, m := range names {
		if m == prefs.Theme() {
			theme.SetSelected(n)
		}
	}
	theme.OnChanged = func(s string) { prefs.SetTheme(names[s]) }
	stop := widget.NewCheck("Stop the engine too when I quit", nil)
	stop.SetChecked(prefs.StopOnQuit())
	stop.OnChanged = prefs.SetStopOnQuit
	return section("This window", "Containers keep running when the window is closed.", kit.NewField("Theme", "", kit.MaxWidth(260, kit.Outline(theme))).Box, stop)
}

// Content is the page.
func (p *Settings) Content() fyne.CanvasObject { return p.content }

// Open reads the settings anew.
func (p *Settings) Open(string) {
	if len(p.form.Changes()) == 0 {
		p.loaded = false
		p.load()
	}
}

// Show takes a state in: the settings are read when the daemon answers.
func (p *Settings) Show(s model.State) {
	if !p.loaded && s.Daemon == nil {
		p.load()
	}
}

func (p *Settings) load() {
	if p.loading {
		return
	}
	p.loading = true
	var s app.Settings
	p.env.Go(func(ctx context.Context) (err error) {
		s, err = p.service.Settings(ctx)
		return err
	}, func(err error) {
		p.loading = false
		if err != nil {
			report(p.notice, err)
			return
		}
		p.loaded = true
		p.form.Reset(s)
		p.fill()
	})
}

// fill shows the settings that hold.
func (p *Settings) fill() {
	p.filling = true
	s := p.form.Saved
	p.form.Reset(s)
	var cpus []int64
	for n := range int64(max(p.form.Host.CPUs, 1)) {
		cpus = append(cpus, n+1)
	}
	p.cpus.set(model.WithStep(cpus, int64(s.CPUs)), int64(s.CPUs))
	p.memory.set(model.WithStep(model.MemorySteps(p.form.Host), s.Memory), s.Memory)
	p.disk.set(model.DiskSteps(s.Disk), s.Disk)
	p.driver.SetSelected(s.Driver)
	p.accel.SetSelected(s.Accel)
	p.filling = false
	p.check()
}

func (p *Settings) change(key, value string) {
	if p.filling {
		return
	}
	p.form.Change(key, value)
	p.check()
}

func (p *Settings) check() {
	bad := p.form.Check()
	for key, f := range p.fields {
		f.SetError("")
		if e := bad[key]; e != nil {
			f.SetError(strings.TrimPrefix(e.Message, "set "+key+": ") + ". " + kit.Capital(e.Hint))
		}
	}
	kit.Relayout(p.content)
	changed := len(p.form.Changes()) > 0
	kit.Able(p.apply, changed && len(bad) == 0 && p.loaded)
	kit.Able(p.revert, changed)
}

func (p *Settings) save() {
	var res app.SetResult
	changes := p.form.Changes()
	p.apply.Disable()
	p.env.Go(func(ctx context.Context) (err error) {
		res, err = p.service.Set(ctx, changes)
		return err
	}, func(err error) {
		if err != nil {
			report(p.notice, err)
			p.check()
			return
		}
		p.form.Reset(res.Settings)
		p.fill()
		kit.Visible(p.restart, len(res.NeedRestart) > 0)
		if len(res.NeedRestart) > 0 {
			p.notice.Tell(model.Warn, "Saved. "+strings.Join(res.NeedRestart, ", ")+" holds from the engine's next start on.", "")
		} else {
			p.notice.Tell(model.Good, "Saved.", "")
		}
	})
}

// sliderField is a slider over steps with an entry beside it.
type sliderField struct {
	box    *fyne.Container
	slider *widget.Slider
	entry  *kit.Entry
	steps  []int64
	show   func(int64) string
	quiet  bool
}

func newSliderField(show func(int64) string, changed func(int64), typed func(string)) *sliderField {
	f := &sliderField{show: show, slider: widget.NewSlider(0, 1), entry: kit.NewEntry(""), steps: []int64{0, 1}}
	f.slider.OnChanged = func(v float64) {
		if i := int(v); !f.quiet && i < len(f.steps) {
			f.quiet = true
			f.entry.SetText(show(f.steps[i]))
			f.quiet = false
			changed(f.steps[i])
		}
	}
	f.entry.OnChanged = func(s string) {
		if !f.quiet {
			typed(s)
		}
	}
	f.box = container.NewBorder(nil, nil, nil, kit.MinWidth(130, f.entry), f.slider)
	return f
}

func (f *sliderField) set(steps []int64, v int64) {
	f.quiet = true
	f.steps = steps
	f.slider.Min, f.slider.Max, f.slider.Step = 0, float64(max(len(steps)-1, 1)), 1
	f.slider.SetValue(float64(model.Nearest(steps, v)))
	f.slider.Refresh()
	f.entry.SetText(f.show(v))
	f.quiet = false
}
