package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// Notice is a message in the place where it matters, with its hint and a way to copy it.
type Notice struct {
	// Box is what is shown.
	Box        *fyne.Container
	box        *Box
	icon       *widget.Icon
	msg, hint  *widget.Label
	hintBox    *fyne.Container
	copy, done *widget.Button
	text       string
	// OnClose is called when the user has seen it; nil hides the button.
	OnClose func()
}

// NewNotice makes a hidden notice.
func NewNotice(clipboard func(string)) *Notice {
	n := &Notice{box: NewBox(look.BadTint, "", 8), icon: widget.NewIcon(look.IconIn("error", look.ToneColor(model.Bad))), msg: NewPara(""), hint: NewPara("")}
	n.msg.TextStyle.Bold = true
	n.hintBox = Flush(n.hint)
	n.copy = widget.NewButtonWithIcon("Copy details", look.Icon("copy"), func() { clipboard(n.text) })
	n.copy.Importance = widget.LowImportance
	n.done = widget.NewButtonWithIcon("", look.Icon("close"), func() {
		n.Box.Hide()
		if n.OnClose != nil {
			n.OnClose()
		}
	})
	n.done.Importance = widget.LowImportance
	body := VBox(0.25, Flush(n.msg), n.hintBox)
	n.Box = container.NewStack(n.box, container.New(inset{16, 8, 6, 8}, container.NewBorder(nil, nil, HBox(0, container.NewCenter(n.icon), Gap(14)), container.NewCenter(HBox(0, n.copy, n.done)), body)))
	n.Box.Hide()
	return n
}

// Fail shows an error; nil hides the notice.
func (n *Notice) Fail(e *app.ErrorInfo) {
	if e == nil {
		n.Box.Hide()
		return
	}
	n.set(model.Bad, "error", e.Message, e.Hint)
}

// Tell shows a message that is no error.
func (n *Notice) Tell(tone model.Tone, text, hint string) {
	name := "info"
	if tone == model.Warn {
		name = "warning"
	}
	if tone == model.Good {
		name = "check"
	}
	n.set(tone, name, text, hint)
}

func (n *Notice) set(tone model.Tone, icon, text, hint string) {
	full := text
	if hint != "" {
		full += "\n" + hint
	}
	if full == n.text && n.Box.Visible() {
		return
	}
	n.text = full
	n.box.SetFill(look.ToneTint(tone))
	n.icon.SetResource(look.IconIn(icon, look.ToneColor(tone)))
	n.msg.SetText(Capital(text))
	n.hint.SetText(hint)
	Visible(n.hintBox, hint != "")
	Visible(n.copy, tone == model.Bad)
	n.Box.Show()
}

// Capital makes a sentence begin with a capital letter.
func Capital(s string) string {
	r := []rune(s)
	if len(r) > 0 && r[0] >= 'a' && r[0] <= 'z' {
		r[0] -= 'a' - 'A'
	}
	return string(r)
}

// Empty is what a list shows when there is nothing in it: what that means, and what to do.
type Empty struct {
	// Box is what is shown.
	Box         *fyne.Container
	title, text *widget.Label
	button      *widget.Button
	icon        *widget.Icon
}

// NewEmpty makes an empty state; without a label there is no button.
func NewEmpty(icon, title, text, button string, tapped func()) *Empty {
	e := &Empty{title: widget.NewLabelWithStyle(title, fyne.TextAlignCenter, fyne.TextStyle{Bold: true}), text: widget.NewLabelWithStyle(text, fyne.TextAlignCenter, fyne.TextStyle{}), icon: widget.NewIcon(look.IconIn(icon, look.Idle))}
	e.title.SizeName = "subHeadingText"
	e.text.Wrapping = fyne.TextWrapWord
	e.button = widget.NewButton(button, tapped)
	e.button.Importance = widget.HighImportance
	e.button.Hidden = button == ""
	pic := container.NewGridWrap(fyne.NewSize(48, 48), e.icon)
	e.Box = container.NewCenter(MinWidth(320, VBox(0.5, container.NewCenter(pic), e.title, e.text, container.NewCenter(e.button))))
	return e
}

// Set changes the words; without a button's label the button goes.
func (e *Empty) Set(title, text, button string, tapped func()) {
	if e.title.Text != title || e.text.Text != text {
		e.title.SetText(title)
		e.text.SetText(text)
	}
	if e.button.Text != button {
		e.button.SetText(button)
	}
	e.button.OnTapped = tapped
	Visible(e.button, button != "")
}
