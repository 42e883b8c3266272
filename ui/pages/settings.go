package pages

import (
	"context"
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

// Settings shows and changes what the user can decide: every setting the engine has, by its group, each with the field
// that its kind asks for.
type Settings struct {
	env      Env
	service  app.Configurer
	prefs    Prefs
	content  fyne.CanvasObject
	tabs     *kit.Tabs
	sections []model.SettingsSection
	bodies   map[string]*settingsBody
	entries  map[string]*setting // those that were made

	form    model.SettingsForm
	notice  *kit.Notice
	pending *kit.Text
	apply   *widget.Button
	revert  *widget.Button
	restart *widget.Button
	state   model.State
	loaded  bool
	loading bool
	filling bool
}

// setting is one setting on the page.
type setting struct {
	key   app.Key
	field *kit.Field
	input settingInput
}

// settingsBody is what a tab shows.
type settingsBody struct {
	scroll *container.Scroll
}

const (
	settingsWidth = 820
	windowTab     = "This window"
)

// NewSettings makes the page.
func NewSettings(env Env, service app.Configurer, prefs Prefs, host app.Host) *Settings {
	p := &Settings{
		env: env, service: service, prefs: prefs, notice: kit.NewNotice(env.Copy), form: model.SettingsForm{Host: host},
		sections: model.SettingsSections(), bodies: map[string]*settingsBody{}, entries: map[string]*setting{},
	}
	var names []string
	for _, s := range p.sections {
		names = append(names, s.Title)
	}
	p.tabs = kit.NewTabs(p.tab, append(names, windowTab)...)
	p.pending = kit.Hint("")
	p.apply = kit.Primary("Apply", "", p.save)
	p.revert = widget.NewButton("Revert", func() { p.form.Reset(p.form.Saved); p.fill() })
	p.restart = kit.Button("Restart the engine now", "restart", func() { p.restart.Hide(); p.notice.Box.Hide(); env.Engine(model.ActRestart) })
	p.restart.Hide()
	bar := container.NewBorder(nil, nil, nil, kit.HBox(1, p.restart, p.revert, p.apply), p.pending)
	foot := kit.VBox(0, kit.Rule(), kit.PadXY(3, 1.5, kit.MaxWidth(settingsWidth, kit.VBox(1, p.notice.Box, bar))))
	p.content = container.NewBorder(nil, foot, nil, nil, kit.PadXY(3, 1, p.tabs.Box))
	p.tabs.Select(0)
	p.check()
	return p
}

// Content is the page.
func (p *Settings) Content() fyne.CanvasObject { return p.content }

// Open reads the settings anew and shows the one that key names.
func (p *Settings) Open(key string) {
	if len(p.form.Changes()) == 0 {
		p.loaded = false
		p.load()
	}
	for i, s := range p.sections {
		for _, k := range s.Keys {
			if k.Name == key {
				p.tabs.Select(i)
				p.reveal(s.Title, key)
			}
		}
	}
}

// reveal scrolls to a setting and puts the focus on it.
func (p *Settings) reveal(tab, key string) {
	kit.Relayout(p.content)
	e, scroll := p.entries[key], p.bodies[tab].scroll
	at := e.field.Box.Position().Y
	if room := scroll.Size().Height; at+e.field.Box.Size().Height > scroll.Offset.Y+room || at < scroll.Offset.Y {
		scroll.ScrollToOffset(fyne.NewPos(0, max(at-16, 0)))
	}
	if f := e.input.focus(); f != nil {
		p.env.Window.Canvas().Focus(f)
	}
}

// Show takes a state in: the settings are read when the daemon answers.
func (p *Settings) Show(s model.State) {
	p.state = s
	if !p.loaded && s.Daemon == nil {
		p.load()
	}
	p.follow()
}

// follow tells the fields about the engine that want to know.
func (p *Settings) follow() {
	for _, e := range p.entries {
		if in, ok := e.input.(interface{ show(model.State) }); ok {
			in.show(p.state)
		}
	}
}

func (p *Settings) tab(name string) fyne.CanvasObject {
	if b := p.bodies[name]; b != nil {
		return b.scroll
	}
	var card fyne.CanvasObject
	if name == windowTab {
		card = p.window()
	}
	for _, s := range p.sections {
		if s.Title == name {
			card = p.section(s)
		}
	}
	b := &settingsBody{container.NewVScroll(kit.PadXY(0.25, 2, kit.VBox(0, kit.MaxWidth(settingsWidth, card))))}
	p.bodies[name] = b
	p.fill()
	p.follow()
	return b.scroll
}

func (p *Settings) section(s model.SettingsSection) fyne.CanvasObject {
	var objs []fyne.CanvasObject
	for _, k := range s.Keys {
		e := &setting{key: k, input: p.input(k)}
		name := k.Title
		if k.Kind == app.KindSwitch {
			name = "" // the switch has it
		}
		e.field = kit.NewWideField(name, model.SettingHelp(k, p.form.Host), e.input.object())
		p.entries[k.Name] = e
		objs = append(objs, e.field.Box)
	}
	return card(s.Title, s.Text, objs...)
}

func card(title, text string, objs ...fyne.CanvasObject) fyne.CanvasObject {
	all := append([]fyne.CanvasObject{kit.VBox(0.25, kit.Title(title), kit.HintPara(text))}, objs...)
	return kit.Card(kit.VBox(2, all...))
}

// window are the settings that the window keeps for itself.
func (p *Settings) window() fyne.CanvasObject {
	names := map[string]look.Mode{"Follow the system": look.System, "Light": look.Light, "Dark": look.Dark}
	theme := widget.NewSelect([]string{"Follow the system", "Light", "Dark"}, nil)
	for n, m := range names {
		if m == p.prefs.Theme() {
			theme.SetSelected(n)
		}
	}
	theme.OnChanged = func(s string) { p.prefs.SetTheme(names[s]) }
	stop := widget.NewCheck("Stop the engine too when I quit", nil)
	stop.SetChecked(p.prefs.StopOnQuit())
	stop.OnChanged = p.prefs.SetStopOnQuit
	return card(windowTab, "Containers keep running when the window is closed. What is chosen here holds at once.",
		kit.NewField("Theme", "", kit.MaxWidth(260, kit.Outline(theme))).Box, stop)
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
		if len(p.form.Changes()) == 0 {
			p.form.Reset(s)
			p.fill()
		}
	})
}

// fill shows the values that hold or were changed.
func (p *Settings) fill() {
	p.filling = true
	for _, e := range p.entries {
		e.input.set(p.form.Value(e.key))
	}
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
	for name, e := range p.entries {
		e.field.SetError(complaint(bad[name]))
		note := ""
		if p.form.Changed(name) && bad[name] == nil && !e.key.Live {
			note = "Takes effect when the engine starts the next time"
		}
		e.field.SetNote(note)
	}
	p.pending.SetText(p.form.Pending(bad))
	changed := len(p.form.Changes()) > 0
	kit.Able(p.apply, changed && len(bad) == 0 && p.loaded)
	kit.Able(p.revert, changed)
	kit.Relayout(p.content)
}

func complaint(e *app.ErrorInfo) string {
	switch {
	case e == nil:
		return ""
	case e.Hint == "":
		return e.Message
	}
	return strings.TrimSuffix(e.Message, ".") + ". " + kit.Capital(e.Hint)
}

func (p *Settings) save() {
	var res app.SetResult
	changes := p.form.Changes()
	p.apply.Disable()
	p.notice.Box.Hide()
	p.env.Go(func(ctx context.Context) (err error) {
		res, err = p.service.Set(ctx, changes)
		return err
	}, func(err error) {
		if err != nil {
			p.refused(err)
			return
		}
		p.form.Reset(res.Settings)
		p.fill()
		kit.Visible(p.restart, len(res.NeedRestart) > 0)
		if len(res.NeedRestart) == 0 {
			p.notice.Tell(model.Good, "Saved.", "")
			return
		}
		p.notice.Tell(model.Warn, "Saved. "+model.Later(res.NeedRestart), "")
	})
}

// refused shows why the engine did not take the settings: at the field if the error names one.
func (p *Settings) refused(err error) {
	key, info, ok := p.form.Blame(err)
	p.check()
	if e := p.entries[key]; ok && e != nil {
		e.field.SetError(complaint(info))
		kit.Relayout(p.content)
		return
	}
	report(p.notice, err)
}
