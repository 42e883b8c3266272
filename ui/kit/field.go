package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// Field is an input with its name above and a line below that helps, or says what is wrong.
type Field struct {
	// Box is what is shown.
	Box    *fyne.Container
	help   fyne.CanvasObject
	helped bool
	err    *widget.Label
	bad    *fyne.Container
	note   *Text
}

// NewField makes a field whose help is one line.
func NewField(name, help string, input fyne.CanvasObject) *Field {
	return newField(name, help != "", Hint(help), input)
}

// NewWideField makes a field whose help takes as many lines as it needs; without a name it has no head.
func NewWideField(name, help string, input fyne.CanvasObject) *Field {
	return newField(name, help != "", HintPara(help), input)
}

func newField(name string, helped bool, help, input fyne.CanvasObject) *Field {
	f := &Field{help: help, helped: helped, err: NewPara(""), note: NewText("", Style{Size: look.TextSmall, Color: look.ToneColor(model.Warn)})}
	f.err.Importance, f.err.SizeName = widget.DangerImportance, theme.SizeNameCaptionText
	f.bad = Flush(f.err)
	head := NewText(name, Style{Bold: true})
	f.Box = VBox(0.5, head, input, f.help, f.bad, f.note)
	f.bad.Hide()
	f.note.Hide()
	Visible(f.help, helped)
	Visible(head, name != "")
	return f
}

// SetNote shows a line below the help that is no error; an empty one goes.
func (f *Field) SetNote(s string) {
	f.note.SetText(s)
	Visible(f.note, s != "")
}

// SetError shows a message in the help's place; an empty one shows the help again.
func (f *Field) SetError(msg string) {
	if msg != "" {
		f.err.SetText(Capital(msg))
	}
	if (msg != "") != f.bad.Visible() {
		Visible(f.bad, msg != "")
		Visible(f.help, msg == "" && f.helped)
	}
}

// Error is the message that is shown, or empty.
func (f *Field) Error() string {
	if f.bad.Visible() {
		return f.err.Text
	}
	return ""
}

// Button makes a button with one of the app's icons.
func Button(label, icon string, tapped func()) *widget.Button {
	if icon == "" {
		return widget.NewButton(label, tapped)
	}
	return widget.NewButtonWithIcon(label, look.Icon(icon), tapped)
}

// Primary makes the one button of a place that matters most.
func Primary(label, icon string, tapped func()) *widget.Button {
	b := widget.NewButton(label, tapped)
	if icon != "" {
		b.Icon = look.IconIn(icon, theme.ColorNameForegroundOnPrimary)
	}
	b.Importance = widget.HighImportance
	return b
}

// Quiet makes a button without ground.
func Quiet(label, icon string, tapped func()) *widget.Button {
	b := Button(label, icon, tapped)
	b.Importance = widget.LowImportance
	return b
}

// Outline draws the border that the toolkit's selects lack.
func Outline(o fyne.CanvasObject) *fyne.Container {
	return container.NewStack(o, NewBox("", theme.ColorNameInputBorder, 6))
}

// Able enables or disables a widget.
func Able(w fyne.Disableable, on bool) {
	if on == w.Disabled() {
		if on {
			w.Enable()
		} else {
			w.Disable()
		}
	}
}

// Tabs is a row of names over one content at a time. Contents are made when they are first looked at.
type Tabs struct {
	// Box is what is shown.
	Box     *fyne.Container
	names   []string
	buttons []*widget.Button
	lines   []*Box
	body    *fyne.Container
	current int
	// OnSelect is called with the name of a tab that was chosen and returns its content.
	OnSelect func(name string) fyne.CanvasObject
}

// NewTabs makes tabs; nothing is selected yet.
func NewTabs(onSelect func(string) fyne.CanvasObject, names ...string) *Tabs {
	t := &Tabs{names: names, OnSelect: onSelect, current: -1, body: container.NewStack()}
	row := HBox(0)
	for i, n := range names {
		b := widget.NewButton(n, func() { t.Select(i) })
		b.Importance = widget.LowImportance
		line := NewBox("", "", 1).Sized(8, 2)
		t.buttons, t.lines = append(t.buttons, b), append(t.lines, line)
		row.Add(VBox(0, b, PadXY(1, 0, line)))
	}
	t.Box = container.NewBorder(VBox(0, row, Rule()), nil, nil, nil, t.body)
	return t
}

// Select shows a tab by its place.
func (t *Tabs) Select(i int) {
	if i == t.current || i < 0 || i >= len(t.names) {
		return
	}
	t.current = i
	for j, l := range t.lines {
		c := fyne.ThemeColorName("")
		if i == j {
			c = theme.ColorNamePrimary
		}
		l.SetFill(c)
		t.buttons[j].Importance = widget.LowImportance
	}
	t.body.Objects = []fyne.CanvasObject{t.OnSelect(t.names[i])}
	t.body.Refresh()
}

// SelectName shows a tab by its name; an unknown one does nothing.
func (t *Tabs) SelectName(name string) { t.Select(slices.Index(t.names, name)) }

// Current is the selected tab's name, or empty.
func (t *Tabs) Current() string {
	if t.current < 0 {
		return ""
	}
	return t.names[t.current]
}

// Visible shows or hides an object, and does nothing if it is so already.
func Visible(o fyne.CanvasObject, on bool) {
	if on == o.Visible() {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}
