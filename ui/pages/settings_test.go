package pages

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// testEnv does work at once.
func testEnv(t *testing.T) Env {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Light))
	win := test.NewTempWindow(t, nil)
	win.Resize(fyne.NewSize(1000, 800))
	return Env{
		Go: func(work func(context.Context) error, done func(error)) context.CancelFunc {
			done(work(t.Context()))
			return func() {}
		},
		Post: func(f func()) { f() }, Window: win, Copy: func(string) {}, OpenURL: func(string) {},
		Navigate: func(model.Page, string) {}, Notify: func(string, string) {}, Engine: func(string) {},
	}
}

type noPrefs struct{}

func (noPrefs) Theme() look.Mode   { return look.Light }
func (noPrefs) SetTheme(look.Mode) {}
func (noPrefs) StopOnQuit() bool   { return false }
func (noPrefs) SetStopOnQuit(bool) {}

func settingsPage(t *testing.T, service app.Configurer) *Settings {
	t.Helper()
	env := testEnv(t)
	p := NewSettings(env, service, noPrefs{}, fake.NewService().Host)
	env.Window.SetContent(p.Content())
	p.Show(fake.Scene("running"))
	return p
}

// TestEverySettingHasItsField goes through all keys that the engine has.
func TestEverySettingHasItsField(t *testing.T) {
	p := settingsPage(t, fake.NewService())
	for _, k := range app.Keys() {
		p.Open(k.Name)
		e := p.entries[k.Name]
		if e == nil {
			t.Errorf("%s has no field", k.Name)
			continue
		}
		if e.input.focus() == nil || e.input.object() == nil {
			t.Errorf("%s cannot be reached by the keyboard", k.Name)
		}
	}
	if n := len(p.form.Changes()); n != 0 {
		t.Errorf("to look at the settings changes %d: %v", n, p.form.Changes())
	}
	if !p.apply.Disabled() || !p.revert.Disabled() {
		t.Error("nothing was changed, and there is something to apply")
	}
}

func TestBadInputHasItsMessageAtTheField(t *testing.T) {
	p := settingsPage(t, fake.NewService())
	p.Open("memory")
	e := p.entries["memory"]
	e.input.(*sliderInput).entry.SetText("lots")
	if got := e.field.Error(); got != `"lots" is not a size. Write it like 4GiB or 512MiB` {
		t.Errorf("memory lots: %q", got)
	}
	if !p.apply.Disabled() || p.pending.Text() != "To be corrected: Memory" {
		t.Errorf("apply is possible, or nothing says why not: %q", p.pending.Text())
	}
	e.input.(*sliderInput).entry.SetText("2 GiB")
	if e.field.Error() != "" || p.apply.Disabled() {
		t.Errorf("2 GiB: %q", e.field.Error())
	}
	if at := int(e.input.(*sliderInput).slider.Value); e.input.(*sliderInput).steps[at] != 2<<30 {
		t.Errorf("the slider stands at %d", at)
	}
	e.input.(*sliderInput).slider.SetValue(0)
	if got := p.form.Changes()["memory"]; got != app.FormatSize(app.MinMemory) {
		t.Errorf("the slider at its left end sets %q", got)
	}
	test.Tap(p.revert)
	if len(p.form.Changes()) != 0 || e.input.(*sliderInput).entry.Text != "4GiB" {
		t.Errorf("reverted: %v, %q", p.form.Changes(), e.input.(*sliderInput).entry.Text)
	}
}

func TestApply(t *testing.T) {
	s := fake.NewService()
	p := settingsPage(t, s)
	p.Open("cpus")
	p.entries["cpus"].input.(*sliderInput).entry.SetText("2 processors")
	test.Tap(p.apply)
	if calls := strings.Join(s.Calls(), " "); calls != "set map[cpus:2]" {
		t.Errorf("calls: %s", calls)
	}
	if p.notice.Box.Hidden || p.restart.Hidden {
		t.Error("nothing says that a restart is needed")
	}
	refusing := refuser{s, &app.Error{Op: "set cpus", Err: errors.New("not today"), Next: "try tomorrow"}}
	p.service = refusing
	p.entries["cpus"].input.(*sliderInput).entry.SetText("3")
	test.Tap(p.apply)
	if got := p.entries["cpus"].field.Error(); got != "Not today. Try tomorrow" {
		t.Errorf("refused: %q", got)
	}
	p.service = refuser{s, errors.New("the disk is full")}
	test.Tap(p.apply)
	if p.notice.Box.Hidden || p.apply.Disabled() {
		t.Error("an error of no field is not shown, or it cannot be tried again")
	}
}

type refuser struct {
	app.Configurer
	err error
}

func (r refuser) Set(context.Context, map[string]string) (app.SetResult, error) {
	return app.SetResult{}, r.err
}

// TestInputs tries each kind of field: showing a value is no change, changing it is.
func TestInputs(t *testing.T) {
	env := testEnv(t)
	var got []string
	changed := func(v string) { got = append(got, v) }
	last := func() string {
		if len(got) == 0 {
			return "nothing"
		}
		return got[len(got)-1]
	}
	sw := newSwitchInput("Start at login", changed)
	combo := newComboInput(env, model.Durations(), model.ShortDuration, changed)
	choice := newChoiceInput([]string{"auto", "kvm"}, changed)
	list := newListInput(changed, func() {})
	sw.set(app.On)
	combo.set("15m0s")
	choice.set("of-tomorrow")
	list.set(`a,b\,c`)
	if len(got) != 0 {
		t.Errorf("showing values changes %v", got)
	}
	if combo.entry.Text != "15m" || choice.choice.Selected != "of-tomorrow" || len(list.rows) != 2 || !sw.check.Checked {
		t.Errorf("shown: %q %q %d", combo.entry.Text, choice.choice.Selected, len(list.rows))
	}
	test.Tap(sw.check)
	if last() != app.Off {
		t.Errorf("switched off: %s", last())
	}
	combo.entry.SetText("1h")
	choice.choice.SetSelected("kvm")
	if got[len(got)-2] != "1h" || last() != "kvm" {
		t.Errorf("chosen: %v", got)
	}
	test.Tap(list.add)
	list.rows[2].entry.SetText("d, e")
	if last() != `a,b\,c,d,e` {
		t.Errorf("list: %s", last())
	}
	list.put(list.rows[1:])
	if v := list.value(); v != `b\,c,d,e` {
		t.Errorf("one line less: %s", v)
	}
}

func TestSharedFolders(t *testing.T) {
	var got string
	in := newSharesInput(testEnv(t), func(v string) { got = v }, func() {})
	in.set("/home/me,/srv/data:ro")
	in.show(fake.Scene("running"))
	if len(in.rows) != 2 || in.rows[0].note.Text() != "shared" || in.rows[1].note.Text() != "not shared yet" || !in.rows[1].share.ReadOnly {
		t.Fatalf("%d rows: %+v", len(in.rows), in.rows)
	}
	in.path.SetText("/srv/other")
	test.Tap(in.add)
	if got != "/home/me,/srv/data:ro,/srv/other" || in.path.Text != "" {
		t.Errorf("added: %s", got)
	}
	in.mode("/home/me", true)
	if got != "/home/me:ro,/srv/data:ro,/srv/other" {
		t.Errorf("read only: %s", got)
	}
	s := fake.Scene("running")
	s.Engine.Shares = []app.ShareState{{Path: "/srv/other", Error: "there is no folder /srv/other", Hint: "make it"}}
	in.show(s)
	if got := in.rows[2].note.Text(); got != "there is no folder /srv/other: make it" {
		t.Errorf("a folder that is missing: %q", got)
	}
	for len(in.rows) > 0 {
		test.Tap(trashOf(t, in.rows[0].box))
	}
	if got != "" || in.none.Hidden {
		t.Errorf("all removed: %q", got)
	}
}

// trashOf is the button with the bin in a row.
func trashOf(t *testing.T, o fyne.CanvasObject) fyne.Tappable {
	t.Helper()
	var found fyne.Tappable
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if c, ok := o.(*fyne.Container); ok {
			for _, c := range c.Objects {
				walk(c)
			}
		}
		if b, ok := o.(*widget.Button); ok && found == nil && b.Icon != nil {
			found = b
		}
	}
	walk(o)
	if found == nil {
		t.Fatal("there is no way to remove the folder")
	}
	return found
}

func TestCheckup(t *testing.T) {
	v := newCheckupView(testEnv(t), fake.Examiner{})
	if len(v.list.Objects) != 4 || v.summary.Text() != "1 problem, 1 warning. What is marked red keeps the engine from working." {
		t.Errorf("%d checks: %q", len(v.list.Objects), v.summary.Text())
	}
	l := newLicencesView(testEnv(t), fake.Examiner{})
	l.search.SetText("guest apache")
	if len(l.shown) != 1 || l.shown[0].Name != "docker.io" {
		t.Errorf("found %+v", l.shown)
	}
}
