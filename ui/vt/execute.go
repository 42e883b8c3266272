package vt

// execute carries a control sequence out.
func (s *Screen) execute(final byte) {
	switch {
	case s.p.private == '?' && s.p.inter == 0:
		if final == 'h' || final == 'l' {
			for i := range s.p.params {
				s.setPrivate(s.arg(i, 0), final == 'h')
			}
		}
		return
	case s.p.private == '>' && final == 'c':
		s.answer("\x1b[>0;276;0c")
		return
	case s.p.inter == '!' && final == 'p':
		s.modes, s.top, s.bot = Modes{}, 0, s.rows-1
		s.cur.style = Cell{FG: Default, BG: Default}
		return
	case s.p.private != 0 || s.p.inter != 0:
		return
	}
	if s.moves(final) || s.edits(final) {
		return
	}
	switch final {
	case 'm':
		s.style()
	case 'r':
		top, bot := s.arg(0, 1)-1, min(s.arg(1, s.rows), s.rows)-1
		if top < bot {
			s.top, s.bot = top, bot
			s.moveTo(0, 0)
		}
	case 'n':
		s.report(s.arg(0, 0))
	case 'c':
		s.answer("\x1b[?62;22c")
	case 's':
		s.saved = s.cur
	case 'u':
		s.cur = s.saved
	case 'h', 'l':
		switch s.arg(0, 0) {
		case 4:
			s.modes.Insert = final == 'h'
		case 20:
			s.modes.NewLine = final == 'h'
		}
	case 'g':
		switch s.arg(0, 0) {
		case 0:
			s.setTab(s.cur.x, false)
		case 3:
			s.tabs = map[int]bool{-1: true}
		}
	}
}

func (s *Screen) moves(final byte) bool {
	n := s.arg(0, 1)
	y := s.cur.y
	if s.cur.origin {
		y -= s.top
	}
	switch final {
	case 'A':
		low := 0
		if s.cur.y >= s.top {
			low = s.top
		}
		s.cur.y, s.cur.wrap = max(s.cur.y-n, low), false
	case 'B', 'e':
		high := s.rows - 1
		if s.cur.y <= s.bot {
			high = s.bot
		}
		s.cur.y, s.cur.wrap = min(s.cur.y+n, high), false
	case 'C', 'a':
		s.moveTo(s.cur.x+n, y)
	case 'D':
		s.moveTo(s.cur.x-n, y)
	case 'E':
		s.moveTo(0, y+n)
	case 'F':
		s.moveTo(0, y-n)
	case 'G', '`':
		s.moveTo(n-1, y)
	case 'd':
		s.moveTo(s.cur.x, n-1)
	case 'H', 'f':
		s.moveTo(s.arg(1, 1)-1, n-1)
	case 'I':
		s.tab(min(n, s.cols))
	case 'Z':
		s.tab(-min(n, s.cols))
	default:
		return false
	}
	return true
}

func (s *Screen) edits(final byte) bool {
	n := s.arg(0, 1)
	line := s.grid()[s.cur.y]
	switch final {
	case 'J':
		s.eraseDisplay(s.arg(0, 0))
	case 'K':
		switch s.arg(0, 0) {
		case 0:
			s.erase(s.cur.y, s.cur.x, s.cols)
		case 1:
			s.erase(s.cur.y, 0, s.cur.x+1)
		case 2:
			s.erase(s.cur.y, 0, s.cols)
		}
	case 'X':
		s.erase(s.cur.y, s.cur.x, s.cur.x+n)
	case '@':
		n = min(n, s.cols-s.cur.x)
		copy(line[s.cur.x+n:], line[s.cur.x:])
		s.erase(s.cur.y, s.cur.x, s.cur.x+n)
	case 'P':
		n = min(n, s.cols-s.cur.x)
		copy(line[s.cur.x:], line[s.cur.x+n:])
		s.erase(s.cur.y, s.cols-n, s.cols)
	case 'L', 'M':
		if s.cur.y < s.top || s.cur.y > s.bot {
			return true
		}
		top := s.top
		s.top = s.cur.y
		if final == 'L' {
			s.scrollDown(n)
		} else {
			s.deleteLines(n)
		}
		s.top = top
	case 'S':
		s.scrollUp(n)
	case 'T':
		s.scrollDown(n)
	case 'b':
		if s.last != 0 {
			for range min(n, s.cols*s.rows) {
				s.put(s.last)
			}
		}
	default:
		return false
	}
	return true
}

// deleteLines scrolls the region up without touching the history.
func (s *Screen) deleteLines(n int) {
	g := s.grid()
	for range min(n, s.bot-s.top+1) {
		copy(g[s.top:s.bot], g[s.top+1:s.bot+1])
		g[s.bot] = blankLine(s.cols, s.cur.style)
	}
}

func (s *Screen) eraseDisplay(mode int) {
	from, to := 0, s.rows
	switch mode {
	case 0:
		s.erase(s.cur.y, s.cur.x, s.cols)
		from = s.cur.y + 1
	case 1:
		s.erase(s.cur.y, 0, s.cur.x+1)
		to = s.cur.y
	case 3:
		s.history = nil
		return
	}
	for y := from; y < to; y++ {
		s.erase(y, 0, s.cols)
	}
}

func (s *Screen) setPrivate(mode int, on bool) {
	switch mode {
	case 1:
		s.modes.AppCursor = on
	case 6:
		s.cur.origin = on
		s.moveTo(0, 0)
	case 7:
		s.modes.NoWrap = !on
	case 25:
		s.modes.HideCursor = !on
	case 47, 1047, 1049:
		s.enterAlt(on)
	case 1000, 1002, 1003:
		s.modes.Mouse = 0
		if on {
			s.modes.Mouse = mode
		}
	case 1006:
		s.modes.MouseSGR = on
	case 1048:
		if on {
			s.saved = s.cur
		} else {
			s.cur = s.saved
		}
	case 2004:
		s.modes.BracketedPaste = on
	}
}

func (s *Screen) style() {
	st := &s.cur.style
	if len(s.p.params) == 0 {
		*st = Cell{FG: Default, BG: Default}
		return
	}
	for i := 0; i < len(s.p.params); i++ {
		switch n := s.arg(i, 0); {
		case n == 0:
			*st = Cell{FG: Default, BG: Default}
		case n >= 1 && n <= 9:
			st.Attr |= [...]Attr{0, Bold, Faint, Italic, Underline, 0, 0, Reverse, Hidden, Strike}[n]
		case n >= 21 && n <= 29:
			st.Attr &^= [...]Attr{Bold, Bold | Faint, Italic, Underline, 0, 0, Reverse, Hidden, Strike}[n-21]
		case n >= 30 && n <= 37:
			st.FG = Color(n - 30)
		case n == 38:
			i += s.extended(i+1, &st.FG)
		case n == 39:
			st.FG = Default
		case n >= 40 && n <= 47:
			st.BG = Color(n - 40)
		case n == 48:
			i += s.extended(i+1, &st.BG)
		case n == 49:
			st.BG = Default
		case n >= 90 && n <= 97:
			st.FG = Color(n - 90 + 8)
		case n >= 100 && n <= 107:
			st.BG = Color(n - 100 + 8)
		}
	}
}

// extended reads 5;N or 2;R;G;B at parameter i and returns how many were used.
func (s *Screen) extended(i int, c *Color) int {
	switch s.arg(i, 0) {
	case 5:
		*c = Color(min(s.arg(i+1, 0), 255))
		return 2
	case 2:
		*c = RGB(uint8(s.arg(i+1, 0)), uint8(s.arg(i+2, 0)), uint8(s.arg(i+3, 0)))
		return 4
	}
	return 0
}
