package pages

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/vt"
)

// termView shows a terminal's screen and sends what is typed.
type termView struct {
	widget.BaseWidget
	screen *vt.Screen
	// send passes on what is typed; resized is told the size in characters.
	send    func([]byte)
	resized func(cols, rows int)
	copy    func(string)
	paste   func() string

	cell     fyne.Size
	scroll   int // lines of history in view
	focused  bool
	mods     vt.Mod
	from, to *cellPos // selection
	drag     bool
	render   *termRenderer
}

type cellPos struct{ x, y int }

var (
	_ fyne.Focusable     = (*termView)(nil)
	_ fyne.Tabbable      = (*termView)(nil)
	_ fyne.Shortcutable  = (*termView)(nil)
	_ fyne.Scrollable    = (*termView)(nil)
	_ fyne.Draggable     = (*termView)(nil)
	_ desktop.Keyable    = (*termView)(nil)
	_ desktop.Mouseable  = (*termView)(nil)
	_ desktop.Cursorable = (*termView)(nil)
)

// termTextSize is the size of the terminal's font: one whose ascent is just below a whole pixel, since the toolkit rounds the
// base line up and then cuts descenders.
const termTextSize float32 = 12.9

func newTermView(send func([]byte)) *termView {
	t := &termView{send: send}
	t.cell = fyne.MeasureText("MMMMMMMMMM", termTextSize, fyne.TextStyle{Monospace: true})
	t.cell = fyne.NewSize(t.cell.Width/10, float32(math.Ceil(float64(t.cell.Height)))) // whole pixels down, so that lines are evenly spaced
	t.screen = vt.New(80, 24, 5000, send)
	t.ExtendBaseWidget(t)
	return t
}

// Feed takes a program's output in.
func (t *termView) Feed(b []byte) {
	before := t.screen.History()
	_, _ = t.screen.Write(b)
	if t.scroll > 0 { // keep what is looked at in place
		t.scroll = min(t.scroll+max(t.screen.History()-before, 0), t.screen.History())
	}
	t.from, t.to = nil, nil
	t.Refresh()
}

// MinSize is small: a terminal takes what it gets.
func (t *termView) MinSize() fyne.Size { return fyne.NewSize(t.cell.Width*20+16, t.cell.Height*4+16) }

// Resize fits the screen into the room.
func (t *termView) Resize(s fyne.Size) {
	t.BaseWidget.Resize(s)
	cols, rows := int((s.Width-16)/t.cell.Width), int((s.Height-16)/t.cell.Height)
	if c, r := t.screen.Size(); cols >= 2 && rows >= 2 && (c != cols || r != rows) {
		t.screen.Resize(cols, rows)
		t.scroll = min(t.scroll, t.screen.History())
		if t.resized != nil {
			t.resized(cols, rows)
		}
		t.Refresh()
	}
}

// The methods that follow are for the toolkit.

func (t *termView) AcceptsTab() bool            { return true }
func (t *termView) Cursor() desktop.Cursor      { return desktop.TextCursor }
func (t *termView) FocusGained()                { t.focused = true; t.Refresh() }
func (t *termView) FocusLost()                  { t.focused, t.mods = false, 0; t.Refresh() }
func (t *termView) MouseUp(*desktop.MouseEvent) {}
func (t *termView) DragEnd()                    { t.drag = false }
func (t *termView) MouseDown(ev *desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil {
		c.Focus(t)
	}
	if ev.Button == desktop.MouseButtonSecondary && t.paste != nil {
		t.send(t.screen.Paste(t.paste()))
		return
	}
	if t.from != nil {
		t.from, t.to = nil, nil
		t.Refresh()
	}
}

func (t *termView) Dragged(ev *fyne.DragEvent) {
	at := t.cellAt(ev.Position)
	if !t.drag {
		start := t.cellAt(ev.Position.Subtract(ev.Dragged))
		t.from, t.drag = &start, true
	}
	t.to = &at
	t.Refresh()
}

// cellAt finds a place; lines count from the screen's top, those of the history are negative.
func (t *termView) cellAt(p fyne.Position) cellPos {
	cols, rows := t.screen.Size()
	x, y := int((p.X-8)/t.cell.Width), int((p.Y-8)/t.cell.Height)
	return cellPos{min(max(x, 0), cols-1), min(max(y, 0), rows-1) - t.scroll}
}

func (t *termView) Scrolled(ev *fyne.ScrollEvent) {
	lines := int(ev.Scrolled.DY / t.cell.Height)
	if lines == 0 {
		lines = 1
		if ev.Scrolled.DY < 0 {
			lines = -1
		}
	}
	if t.screen.History() == 0 { // a full-screen program: give it arrows
		k := vt.Up
		if lines < 0 {
			k, lines = vt.Down, -lines
		}
		for range lines {
			t.send(t.screen.Encode(k, 0))
		}
		return
	}
	t.scroll = min(max(t.scroll+lines, 0), t.screen.History())
	t.Refresh()
}

func (t *termView) TypedRune(r rune) {
	t.bottom()
	if t.mods&vt.Alt != 0 {
		t.send([]byte("\x1b" + string(r)))
		return
	}
	t.send([]byte(string(r)))
}

func (t *termView) bottom() {
	if t.scroll != 0 {
		t.scroll = 0
		t.Refresh()
	}
}

func termKeys() map[fyne.KeyName]vt.Key {
	return map[fyne.KeyName]vt.Key{
		fyne.KeyUp: vt.Up, fyne.KeyDown: vt.Down, fyne.KeyLeft: vt.Left, fyne.KeyRight: vt.Right, fyne.KeyHome: vt.Home, fyne.KeyEnd: vt.End,
		fyne.KeyInsert: vt.Insert, fyne.KeyDelete: vt.Delete, fyne.KeyPageUp: vt.PageUp, fyne.KeyPageDown: vt.PageDown,
		fyne.KeyReturn: vt.Enter, fyne.KeyEnter: vt.Enter, fyne.KeyBackspace: vt.Backspace, fyne.KeyTab: vt.Tab, fyne.KeyEscape: vt.Esc,
		fyne.KeyF1: vt.F1, fyne.KeyF2: vt.F2, fyne.KeyF3: vt.F3, fyne.KeyF4: vt.F4, fyne.KeyF5: vt.F5, fyne.KeyF6: vt.F6,
		fyne.KeyF7: vt.F7, fyne.KeyF8: vt.F8, fyne.KeyF9: vt.F9, fyne.KeyF10: vt.F10, fyne.KeyF11: vt.F11, fyne.KeyF12: vt.F12,
	}
}

func (t *termView) TypedKey(e *fyne.KeyEvent) {
	if k, ok := termKeys()[e.Name]; ok {
		t.bottom()
		t.send(t.screen.Encode(k, t.mods))
	}
}

func modOf(name fyne.KeyName) vt.Mod {
	switch name {
	case desktop.KeyShiftLeft, desktop.KeyShiftRight:
		return vt.Shift
	case desktop.KeyAltLeft, desktop.KeyAltRight:
		return vt.Alt
	case desktop.KeyControlLeft, desktop.KeyControlRight:
		return vt.Ctrl
	}
	return 0
}

func (t *termView) KeyDown(e *fyne.KeyEvent) { t.mods |= modOf(e.Name) }
func (t *termView) KeyUp(e *fyne.KeyEvent)   { t.mods &^= modOf(e.Name) }

// TypedShortcut sends control characters; with Shift, C copies and V pastes.
func (t *termView) TypedShortcut(s fyne.Shortcut) {
	control := func(c byte) { t.bottom(); t.send([]byte{c & 0x1f}) }
	switch s := s.(type) {
	case *fyne.ShortcutCopy:
		if t.from != nil {
			t.copySelection()
		} else {
			control('C')
		}
	case *fyne.ShortcutPaste:
		if t.mods&vt.Shift != 0 {
			t.send(t.screen.Paste(s.Clipboard.Content()))
		} else {
			control('V')
		}
	case *fyne.ShortcutCut:
		control('X')
	case *fyne.ShortcutSelectAll:
		control('A')
	case *fyne.ShortcutUndo:
		control('Z')
	case *fyne.ShortcutRedo:
		control('Y')
	case *desktop.CustomShortcut:
		t.custom(s, control)
	}
}

func (t *termView) custom(s *desktop.CustomShortcut, control func(byte)) {
	ctrlShift := s.Modifier == fyne.KeyModifierControl|fyne.KeyModifierShift
	switch {
	case ctrlShift && s.KeyName == fyne.KeyC, s.Modifier == fyne.KeyModifierSuper && s.KeyName == fyne.KeyC:
		t.copySelection()
	case ctrlShift && s.KeyName == fyne.KeyV, s.Modifier == fyne.KeyModifierSuper && s.KeyName == fyne.KeyV:
		if t.paste != nil {
			t.send(t.screen.Paste(t.paste()))
		}
	case s.Modifier == fyne.KeyModifierControl && len(s.KeyName) == 1 && s.KeyName[0] >= '@' && s.KeyName[0] <= '_':
		control(s.KeyName[0])
	case s.Modifier == fyne.KeyModifierControl && s.KeyName == fyne.KeySpace:
		control(0)
	default:
		if k, ok := termKeys()[s.KeyName]; ok {
			t.send(t.screen.Encode(k, t.mods))
		}
	}
}

func (t *termView) copySelection() {
	if t.from == nil || t.to == nil || t.copy == nil {
		return
	}
	a, b := t.ordered()
	text := ""
	for y := a.y; y <= b.y; y++ {
		line := t.screen.Line(y)
		lo, hi := 0, len(line)
		if y == a.y {
			lo = min(a.x, len(line))
		}
		if y == b.y {
			hi = min(b.x+1, len(line))
		}
		if y > a.y {
			text += "\n"
		}
		text += vt.LineText(line[lo:max(hi, lo)])
	}
	t.copy(text)
}

func (t *termView) ordered() (a, b cellPos) {
	a, b = *t.from, *t.to
	if b.y < a.y || b.y == a.y && b.x < a.x {
		a, b = b, a
	}
	return a, b
}

func (t *termView) selected(x, y int) bool {
	if t.from == nil || t.to == nil {
		return false
	}
	a, b := t.ordered()
	return (y > a.y || y == a.y && x >= a.x) && (y < b.y || y == b.y && x <= b.x)
}

// CreateRenderer is for the toolkit.
func (t *termView) CreateRenderer() fyne.WidgetRenderer {
	t.render = &termRenderer{t: t, ground: canvas.NewRectangle(theme.Color(look.Term)), caret: canvas.NewRectangle(nil)}
	t.render.ground.CornerRadius = 8
	t.render.Refresh()
	return t.render
}
