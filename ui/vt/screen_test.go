package vt_test

import (
	"strings"
	"testing"

	"github.com/wherry-app/wherry/ui/vt"
)

func show(s *vt.Screen) string { return strings.TrimRight(s.Text(), "\n") }

func TestPrinting(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"lines", "a\r\nb", "a\nb"},
		{"wrap", "0123456789ab", "0123456789\nab"},
		{"no early wrap", "0123456789\r\nx", "0123456789\nx"},
		{"no wrap mode", "\x1b[?7l0123456789ab", "012345678b"},
		{"backspace", "abc\b\bX", "aXc"},
		{"tab", "a\tb", "a       b"},
		{"move and erase", "abcdef\x1b[3D\x1b[K", "abc"},
		{"erase to the left", "abcdef\x1b[4G\x1b[1K", "    ef"},
		{"erase all", "abc\x1b[2Jd", "   d"},
		{"home", "abc\x1b[HX", "Xbc"},
		{"place", "\x1b[2;3HX", "\n  X"},
		{"delete characters", "abcdef\x1b[1G\x1b[2P", "cdef"},
		{"insert characters", "abcdef\x1b[1G\x1b[2@", "  abcdef"},
		{"erase characters", "abcdef\x1b[2G\x1b[2X", "a  def"},
		{"insert line", "a\r\nb\x1b[1;1H\x1b[L", "\na\nb"},
		{"delete line", "a\r\nb\r\nc\x1b[1;1H\x1b[M", "b\nc"},
		{"scroll region", "1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[3;1H\n", "1\n3\n\n4"},
		{"reverse feed", "1\r\n2\x1b[1;1H\x1bM", "\n1\n2"},
		{"utf8", "héllo – ok", "héllo – ok"},
		{"broken utf8", "a\xffb", "a\ufffdb"},
		{"wide", "容器x", "容器x"},
		{"wide at the edge", "123456789容", "123456789\n容"},
		{"line drawing", "\x1b(0lqk\x1b(Bq", "┌─┐q"},
		{"osc", "a\x1b]0;title\x07b", "ab"},
		{"osc with st", "a\x1b]2;title\x1b\\b", "ab"},
		{"dcs", "a\x1bPq#1\x1b\\b", "ab"},
		{"unknown", "a\x1b[99zb\x1b[?12345hc\x1b[>4;2md", "abcd"},
		{"repeat", "a\x1b[3b", "aaaa"},
		{"save and restore", "ab\x1b7\x1b[4;4Hx\x1b8c", "abc\n\n\n   x"},
		{"cancel", "a\x1b[12\x18b", "ab"},
		{"reset", "abc\x1bcX", "X"},
	} {
		s := vt.New(10, 4, 10, nil)
		_, _ = s.Write([]byte(c.in))
		if got := show(s); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
		again := vt.New(10, 4, 10, nil) // however the bytes are cut
		for i := range len(c.in) {
			_, _ = again.Write([]byte{c.in[i]})
		}
		if got := show(again); got != c.want {
			t.Errorf("%s byte by byte: %q", c.name, got)
		}
	}
}

func TestHistoryAndAlternateScreen(t *testing.T) {
	s := vt.New(10, 3, 5, nil)
	for i := range 30 {
		_, _ = s.Write([]byte{byte('a' + i%26), '\r', '\n'})
	}
	if s.History() < 5 || s.History() > 6 {
		t.Errorf("%d lines of history", s.History())
	}
	if got := vt.LineText(s.Line(-1)); got != "b" {
		t.Errorf("the last line of the history is %q", got)
	}
	before := s.Text()
	_, _ = s.Write([]byte("\x1b[?1049h\x1b[Hfull screen"))
	if s.History() != 0 || !strings.HasPrefix(s.Text(), "full scree") {
		t.Errorf("alternate: %q", s.Text())
	}
	_, _ = s.Write([]byte("\x1b[?1049l"))
	if s.Text() != before {
		t.Errorf("after the alternate screen: %q, want %q", s.Text(), before)
	}
}

func TestColors(t *testing.T) {
	s := vt.New(20, 2, 0, nil)
	_, _ = s.Write([]byte("\x1b[1;31ma\x1b[0mb\x1b[38;5;200mc\x1b[48;2;1;2;3md\x1b[39;49me\x1b[94;7mf\x1b[27mg"))
	l := s.Line(0)
	want := []vt.Cell{
		{Rune: 'a', FG: 1, BG: vt.Default, Attr: vt.Bold},
		{Rune: 'b', FG: vt.Default, BG: vt.Default},
		{Rune: 'c', FG: 200, BG: vt.Default},
		{Rune: 'd', FG: 200, BG: vt.RGB(1, 2, 3)},
		{Rune: 'e', FG: vt.Default, BG: vt.Default},
		{Rune: 'f', FG: 12, BG: vt.Default, Attr: vt.Reverse},
		{Rune: 'g', FG: 12, BG: vt.Default},
	}
	for i, w := range want {
		if l[i] != w {
			t.Errorf("cell %d: %+v, want %+v", i, l[i], w)
		}
	}
	if r, g, b, ok := vt.RGB(1, 2, 3).IsRGB(); !ok || r != 1 || g != 2 || b != 3 {
		t.Error("RGB does not come back")
	}
}

func TestResize(t *testing.T) {
	s := vt.New(10, 4, 10, nil)
	_, _ = s.Write([]byte("one\r\ntwo\r\nthree\r\nfour"))
	s.Resize(6, 2)
	if got := show(s); got != "three\nfour" {
		t.Errorf("smaller: %q", got)
	}
	if got := vt.LineText(s.Line(-1)); got != "two" {
		t.Errorf("history after it: %q", got)
	}
	s.Resize(12, 5)
	_, _ = s.Write([]byte("\r\nX"))
	if got := show(s); got != "three\nfour\nX" {
		t.Errorf("larger: %q", got)
	}
	for _, size := range [][2]int{{1, 1}, {200, 50}, {0, 0}, {3, 100}} {
		s.Resize(size[0], size[1])
		_, _ = s.Write([]byte("wide 容 text\r\n\x1b[10;10Hx\x1b[5L\x1b[9P\x1b[3@"))
	}
}

func TestAnswersAndKeys(t *testing.T) {
	var said []string
	s := vt.New(10, 4, 0, func(b []byte) { said = append(said, string(b)) })
	_, _ = s.Write([]byte("ab\x1b[6n\x1b[c\x1b[5n"))
	if got := strings.Join(said, "|"); got != "\x1b[1;3R|\x1b[?62;22c|\x1b[0n" {
		t.Errorf("answers %q", got)
	}
	for _, c := range []struct {
		key  vt.Key
		mod  vt.Mod
		want string
	}{
		{vt.Up, 0, "\x1b[A"},
		{vt.Left, vt.Ctrl, "\x1b[1;5D"},
		{vt.Delete, 0, "\x1b[3~"},
		{vt.PageDown, vt.Shift, "\x1b[6;2~"},
		{vt.Enter, 0, "\r"},
		{vt.Enter, vt.Alt, "\x1b\r"},
		{vt.Backspace, 0, "\x7f"},
		{vt.Tab, vt.Shift, "\x1b[Z"},
		{vt.F1, 0, "\x1bOP"},
		{vt.F5, 0, "\x1b[15~"},
		{vt.F12, vt.Shift, "\x1b[24;2~"},
		{vt.Esc, 0, "\x1b"},
	} {
		if got := string(s.Encode(c.key, c.mod)); got != c.want {
			t.Errorf("key %d with %d: %q, want %q", c.key, c.mod, got, c.want)
		}
	}
	_, _ = s.Write([]byte("\x1b[?1h\x1b[?2004h"))
	if got := string(s.Encode(vt.Up, 0)); got != "\x1bOA" {
		t.Errorf("application cursor keys: %q", got)
	}
	if got := string(s.Paste("a\nb\x1bc")); got != "\x1b[200~a\rbc\x1b[201~" {
		t.Errorf("paste %q", got)
	}
}

// FuzzScreen feeds what no program would send: nothing may crash or leave the cursor outside.
func FuzzScreen(f *testing.F) {
	f.Add("\x1b[2;3r\x1b[99;99H\n\x1b[5L\x1b[?1049h\x1b[200@", 7, 3)
	f.Add("容\x1b[1;1r\x1bM\x1b[3g\t\t\x1b[9I\x1b[9Z", 1, 1)
	f.Fuzz(func(t *testing.T, in string, cols, rows int) {
		s := vt.New(max(cols%100, 1), max(rows%50, 1), 20, nil)
		half := len(in) / 2
		_, _ = s.Write([]byte(in[:half]))
		s.Resize(max(rows%90, 1), max(cols%40, 1))
		_, _ = s.Write([]byte(in[half:]))
		w, h := s.Size()
		if x, y, _ := s.Cursor(); x < 0 || x >= w || y < 0 || y >= h {
			t.Fatalf("cursor at %d,%d of %dx%d", x, y, w, h)
		}
		for y := range h {
			if len(s.Line(y)) != w {
				t.Fatalf("line %d has %d cells of %d", y, len(s.Line(y)), w)
			}
		}
	})
}
