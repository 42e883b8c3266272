package pages

import (
	"slices"
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

// settingInput is what a setting's value is chosen with.
type settingInput interface {
	object() fyne.CanvasObject
	// set shows a value, in the form app.Key.Get gives it, and tells nobody.
	set(value string)
	// focus is what takes the keys; nil if nothing does.
	focus() fyne.Focusable
}

// inputWidth is how wide fields for one value are.
const inputWidth = 420

// input makes what a key's kind asks for. A key of a kind that this window does not know is a line of text.
func (p *Settings) input(k app.Key) settingInput {
	changed := func(v string) { p.change(k.Name, v) }
	switch {
	case k.Name == "cpus":
		return newSliderInput(p.cpuSteps, func(n int64) string { return model.Plural(int(n), "processor") }, func(s string) {
			changed(count(s))
		}, func(n int64) string { return strconv.FormatInt(n, 10) })
	case k.Name == "memory":
		return newSliderInput(func(now int64) []int64 { return model.WithStep(model.MemorySteps(p.form.Host), now) }, app.FormatSize, changed, app.FormatSize)
	case k.Name == "disk":
		return newSliderInput(func(int64) []int64 { return model.DiskSteps(p.form.Saved.Disk) }, app.FormatSize, changed, app.FormatSize)
	case k.Name == "driver":
		return newChoiceInput(append([]string{app.Auto}, p.form.Host.Drivers...), changed)
	case k.Name == "shares":
		return newSharesInput(p.env, changed, p.settled)
	case k.Kind == app.KindSwitch:
		return newSwitchInput(k.Title, changed)
	case k.Kind == app.KindChoice && !k.Free:
		return newChoiceInput(k.Choices, changed)
	case k.Kind == app.KindDuration:
		return newComboInput(p.env, model.Durations(), model.ShortDuration, changed)
	case k.Kind == app.KindList:
		return newListInput(changed, p.settled)
	}
	return newComboInput(p.env, k.Choices, nil, changed)
}

// count is what was typed without the words behind it, as in 2 processors.
func count(s string) string {
	n, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return n
}

// settled fits the page to inputs whose size has changed.
func (p *Settings) settled() { kit.Relayout(p.content) }

func (p *Settings) cpuSteps(now int64) []int64 {
	var cpus []int64
	for n := range int64(max(p.form.Host.CPUs, 1)) {
		cpus = append(cpus, n+1)
	}
	return model.WithStep(cpus, now)
}

// comboInput is a line of text with a menu of usual values, if there are any.
type comboInput struct {
	entry *kit.Entry
	show  func(string) string
	quiet bool
}

func newComboInput(env Env, choices []string, show func(string) string, changed func(string)) *comboInput {
	c := &comboInput{entry: kit.NewEntry(""), show: show}
	if len(choices) > 0 {
		var more *widget.Button
		more = kit.Quiet("", "down", func() {
			var items []*fyne.MenuItem
			for _, v := range choices {
				items = append(items, fyne.NewMenuItem(v, func() { c.entry.SetText(v) }))
			}
			env.menu(more, items...)
		})
		c.entry.ActionItem = more
	}
	c.entry.OnChanged = func(s string) {
		if !c.quiet {
			changed(s)
		}
	}
	return c
}

func (c *comboInput) object() fyne.CanvasObject { return kit.MaxWidth(inputWidth, c.entry) }
func (c *comboInput) focus() fyne.Focusable     { return c.entry }
func (c *comboInput) set(v string) {
	if c.show != nil {
		v = c.show(v)
	}
	if v == c.entry.Text {
		return
	}
	c.quiet = true
	c.entry.SetText(v)
	c.quiet = false
}

// choiceInput is one of a few values.
type choiceInput struct {
	choice *widget.Select
	quiet  bool
}

func newChoiceInput(choices []string, changed func(string)) *choiceInput {
	c := &choiceInput{}
	c.choice = widget.NewSelect(choices, func(s string) {
		if !c.quiet {
			changed(s)
		}
	})
	return c
}

func (c *choiceInput) object() fyne.CanvasObject {
	return kit.MaxWidth(inputWidth, kit.Outline(c.choice))
}
func (c *choiceInput) focus() fyne.Focusable { return c.choice }
func (c *choiceInput) set(v string) {
	c.quiet = true
	if !slices.Contains(c.choice.Options, v) { // the engine knows a value that this window does not
		c.choice.SetOptions(append(slices.Clone(c.choice.Options), v))
	}
	c.choice.SetSelected(v)
	c.quiet = false
}

// switchInput is on or off.
type switchInput struct {
	check *widget.Check
	quiet bool
}

func newSwitchInput(title string, changed func(string)) *switchInput {
	s := &switchInput{}
	s.check = widget.NewCheck(title, func(on bool) {
		if !s.quiet {
			changed(onOff(on))
		}
	})
	return s
}

func onOff(on bool) string {
	if on {
		return app.On
	}
	return app.Off
}

func (s *switchInput) object() fyne.CanvasObject { return s.check }
func (s *switchInput) focus() fyne.Focusable     { return s.check }
func (s *switchInput) set(v string) {
	s.quiet = true
	s.check.SetChecked(v == app.On)
	s.quiet = false
}

// sliderInput is a slider over steps with an entry beside it.
type sliderInput struct {
	box    *fyne.Container
	slider *widget.Slider
	entry  *kit.Entry
	steps  []int64
	offer  func(now int64) []int64
	show   func(int64) string
	quiet  bool
}

// newSliderInput makes one: offer lists the steps for a value, show is a value in the entry, changed gets what was typed
// or, as value writes it, where the slider stands.
func newSliderInput(offer func(int64) []int64, show func(int64) string, changed func(string), value func(int64) string) *sliderInput {
	f := &sliderInput{offer: offer, show: show, slider: widget.NewSlider(0, 1), entry: kit.NewEntry(""), steps: []int64{0, 1}}
	f.slider.OnChanged = func(v float64) {
		if i := int(v); !f.quiet && i < len(f.steps) {
			f.quiet = true
			f.entry.SetText(show(f.steps[i]))
			f.quiet = false
			changed(value(f.steps[i]))
		}
	}
	f.entry.OnChanged = func(s string) {
		if f.quiet {
			return
		}
		changed(s)
		v, err := app.ParseSize(s)
		if err != nil {
			v, err = app.ParseSize(count(s))
		}
		if err == nil { // the slider follows as far as it goes
			f.quiet = true
			f.slider.SetValue(float64(model.Nearest(f.steps, v)))
			f.quiet = false
		}
	}
	f.box = container.NewBorder(nil, nil, nil, kit.MinWidth(130, f.entry), container.NewThemeOverride(f.slider, look.Slider{}))
	return f
}

func (f *sliderInput) object() fyne.CanvasObject { return f.box }
func (f *sliderInput) focus() fyne.Focusable     { return f.entry }
func (f *sliderInput) set(text string) {
	v, err := app.ParseSize(text)
	if err != nil {
		return // a change that is wrong: it stands in the entry already
	}
	f.quiet = true
	f.steps = f.offer(v)
	f.slider.Min, f.slider.Max, f.slider.Step = 0, float64(max(len(f.steps)-1, 1)), 1
	f.slider.SetValue(float64(model.Nearest(f.steps, v)))
	f.slider.Refresh()
	f.entry.SetText(f.show(v))
	f.quiet = false
}
