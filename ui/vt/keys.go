package vt

import "strconv"

// Key is a key that types no character.
type Key int

// The keys.
const (
	Up Key = iota
	Down
	Right
	Left
	Home
	End
	Insert
	Delete
	PageUp
	PageDown
	Enter
	Backspace
	Tab
	Esc
	F1
	F2
	F3
	F4
	F5
	F6
	F7
	F8
	F9
	F10
	F11
	F12
)

// Mod are held keys, as bits.
type Mod int

// The modifiers.
const (
	Shift Mod = 1 << iota
	Alt
	Ctrl
)

// Encode is what a program reads when a key is pressed; nil for keys that mean nothing.
func (s *Screen) Encode(k Key, m Mod) []byte {
	switch {
	case k <= End:
		letter := "ABCDHF"[k : k+1]
		if m != 0 {
			return []byte("\x1b[1;" + strconv.Itoa(int(m)+1) + letter)
		}
		if s.modes.AppCursor {
			return []byte("\x1bO" + letter)
		}
		return []byte("\x1b[" + letter)
	case k <= PageDown:
		return tilde([...]int{2, 3, 5, 6}[k-Insert], m)
	case k >= F1 && k <= F4:
		letter := "PQRS"[k-F1 : k-F1+1]
		if m != 0 {
			return []byte("\x1b[1;" + strconv.Itoa(int(m)+1) + letter)
		}
		return []byte("\x1bO" + letter)
	case k >= F5 && k <= F12:
		return tilde([...]int{15, 17, 18, 19, 20, 21, 23, 24}[k-F5], m)
	}
	switch k {
	case Enter:
		return meta("\r", m)
	case Backspace:
		if m&Ctrl != 0 {
			return []byte{8}
		}
		return meta("\x7f", m)
	case Tab:
		if m&Shift != 0 {
			return []byte("\x1b[Z")
		}
		return []byte("\t")
	case Esc:
		return []byte("\x1b")
	}
	return nil
}

func tilde(n int, m Mod) []byte {
	if m != 0 {
		return []byte("\x1b[" + strconv.Itoa(n) + ";" + strconv.Itoa(int(m)+1) + "~")
	}
	return []byte("\x1b[" + strconv.Itoa(n) + "~")
}

func meta(s string, m Mod) []byte {
	if m&Alt != 0 {
		return []byte("\x1b" + s)
	}
	return []byte(s)
}

// Paste wraps text the way the program asked for.
func (s *Screen) Paste(text string) []byte {
	out := []byte{}
	for _, r := range text {
		switch {
		case r == '\n':
			out = append(out, '\r')
		case r >= ' ' && r != 0x7f || r == '\t' || r == '\r':
			out = append(out, string(r)...)
		}
	}
	if s.modes.BracketedPaste {
		return append(append([]byte("\x1b[200~"), out...), "\x1b[201~"...)
	}
	return out
}
