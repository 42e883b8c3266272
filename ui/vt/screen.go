package vt

// Color is a cell's colour: Default, one of 256 palette entries, or RGB.
type Color int32

// Default is the terminal's own colour.
const Default Color = -1

const rgbFlag = 1 << 24

// RGB makes a true colour.
func RGB(r, g, b uint8) Color { return rgbFlag | Color(r)<<16 | Color(g)<<8 | Color(b) }

// IsRGB parts a true colour.
func (c Color) IsRGB() (r, g, b uint8, ok bool) {
	if c < 0 || c&rgbFlag == 0 {
		return 0, 0, 0, false
	}
	return uint8(c >> 16), uint8(c >> 8), uint8(c), true
}

// Attr are a cell's attributes, as bits.
type Attr uint8

// The attributes.
const (
	Bold Attr = 1 << iota
	Faint
	Italic
	Underline
	Reverse
	Hidden
	Strike
)

// Cell is one character on the screen. The right half of a wide character has Rune 0.
type Cell struct {
	Rune   rune
	FG, BG Color
	Attr   Attr
}

type cursor struct {
	x, y   int
	style  Cell
	origin bool
	wrap   bool // the next character goes to the next line
	gl     int  // 0 or 1: which of charsets is in use
	sets   [2]byte
}

// Screen is the state of a terminal.
type Screen struct {
	cols, rows int
	main, alt  [][]Cell
	onAlt      bool
	cur, saved cursor
	savedMain  cursor
	top, bot   int // scroll region, inclusive
	tabs       map[int]bool
	history    [][]Cell
	keep       int
	title      string
	last       rune

	modes Modes
	p     parser
	reply func([]byte)
}

// Modes are what a program asked of the terminal.
type Modes struct {
	AppCursor, AppKeypad, BracketedPaste, HideCursor, NoWrap, Insert, NewLine bool
	// Mouse is 0, or the mode number under which the mouse is reported (1000, 1002, 1003).
	Mouse int
	// MouseSGR says that reports are in the SGR form.
	MouseSGR bool
}

// New makes a screen that keeps history lines. reply is called with answers to a program's questions; it may be nil.
func New(cols, rows, history int, reply func([]byte)) *Screen {
	s := &Screen{keep: history, reply: reply}
	s.cols, s.rows = max(cols, 1), max(rows, 1)
	s.reset()
	return s
}

func (s *Screen) reset() {
	s.main, s.alt = blank(s.cols, s.rows), nil
	s.onAlt, s.modes = false, Modes{}
	s.cur = cursor{style: Cell{FG: Default, BG: Default}, sets: [2]byte{'B', 'B'}}
	s.saved, s.savedMain = s.cur, s.cur
	s.top, s.bot = 0, s.rows-1
	s.tabs = nil
}

func blank(cols, rows int) [][]Cell {
	g := make([][]Cell, rows)
	for i := range g {
		g[i] = blankLine(cols, Cell{FG: Default, BG: Default})
	}
	return g
}

func blankLine(cols int, style Cell) []Cell {
	l := make([]Cell, cols)
	for i := range l {
		l[i] = Cell{Rune: ' ', FG: Default, BG: style.BG}
	}
	return l
}

func (s *Screen) grid() [][]Cell {
	if s.onAlt {
		return s.alt
	}
	return s.main
}

// Size in characters.
func (s *Screen) Size() (cols, rows int) { return s.cols, s.rows }

// Title is what the program called its window.
func (s *Screen) Title() string { return s.title }

// Modes are in force.
func (s *Screen) Modes() Modes { return s.modes }

// Cursor says where the cursor is and whether it is to be seen.
func (s *Screen) Cursor() (x, y int, visible bool) {
	return min(s.cur.x, s.cols-1), s.cur.y, !s.modes.HideCursor
}

// Line is a line of the screen; negative ones are of the history, -1 the youngest. It is nil if there is none. The
// cells are the screen's own and hold until the next Write or Resize.
func (s *Screen) Line(y int) []Cell {
	switch {
	case y >= 0 && y < s.rows:
		return s.grid()[y]
	case y < 0 && -y <= len(s.history) && !s.onAlt:
		return s.history[len(s.history)+y]
	}
	return nil
}

// History is how many lines scrolled off and are kept. The alternate screen has none.
func (s *Screen) History() int {
	if s.onAlt {
		return 0
	}
	return len(s.history)
}

// Resize changes the screen's size. Lines are cut or filled; a screen that gets lower pushes its top into the history.
func (s *Screen) Resize(cols, rows int) {
	cols, rows = max(cols, 1), max(rows, 1)
	if cols == s.cols && rows == s.rows {
		return
	}
	for !s.onAlt && rows < len(s.main) && s.cur.y >= rows {
		s.push(s.main[0])
		s.main = s.main[1:]
		s.cur.y--
	}
	s.main = fit(s.main, cols, rows)
	if s.alt != nil {
		s.alt = fit(s.alt, cols, rows)
	}
	s.cols, s.rows = cols, rows
	s.top, s.bot = 0, rows-1
	s.cur.x, s.cur.y = min(s.cur.x, cols-1), min(s.cur.y, rows-1)
	s.cur.wrap = false
}

func fit(g [][]Cell, cols, rows int) [][]Cell {
	for len(g) < rows {
		g = append(g, blankLine(cols, Cell{BG: Default}))
	}
	g = g[:rows]
	for i, l := range g {
		for len(l) < cols {
			l = append(l, Cell{Rune: ' ', FG: Default, BG: Default})
		}
		g[i] = l[:cols]
	}
	return g
}

func (s *Screen) push(line []Cell) {
	if s.keep <= 0 {
		return
	}
	if len(s.history) >= s.keep+s.keep/8+1 {
		s.history = append(s.history[:0], s.history[len(s.history)-s.keep:]...)
	}
	s.history = append(s.history, line)
}

// Text is the screen's characters with trailing blanks removed, lines joined by line feeds.
func (s *Screen) Text() string {
	var b []byte
	for _, l := range s.grid() {
		b = append(b, LineText(l)...)
		b = append(b, '\n')
	}
	return string(b)
}

// LineText is a line's characters with trailing blanks removed.
func LineText(l []Cell) string {
	end := len(l)
	for end > 0 && (l[end-1].Rune == ' ' || l[end-1].Rune == 0) {
		end--
	}
	r := make([]rune, 0, end)
	for _, c := range l[:end] {
		if c.Rune != 0 {
			r = append(r, c.Rune)
		}
	}
	return string(r)
}

func (s *Screen) scrollUp(n int) {
	g := s.grid()
	for range min(n, s.bot-s.top+1) {
		if s.top == 0 && !s.onAlt {
			s.push(g[0])
		}
		copy(g[s.top:s.bot], g[s.top+1:s.bot+1])
		g[s.bot] = blankLine(s.cols, s.cur.style)
	}
}

func (s *Screen) scrollDown(n int) {
	g := s.grid()
	for range min(n, s.bot-s.top+1) {
		copy(g[s.top+1:s.bot+1], g[s.top:s.bot])
		g[s.top] = blankLine(s.cols, s.cur.style)
	}
}

func (s *Screen) lineFeed() {
	s.cur.wrap = false
	switch {
	case s.cur.y == s.bot:
		s.scrollUp(1)
	case s.cur.y < s.rows-1:
		s.cur.y++
	}
}

func (s *Screen) reverseFeed() {
	s.cur.wrap = false
	switch {
	case s.cur.y == s.top:
		s.scrollDown(1)
	case s.cur.y > 0:
		s.cur.y--
	}
}

func (s *Screen) moveTo(x, y int) {
	low, high := 0, s.rows-1
	if s.cur.origin {
		low, high = s.top, s.bot
		y += s.top
	}
	s.cur.x = min(max(x, 0), s.cols-1)
	s.cur.y = min(max(y, low), high)
	s.cur.wrap = false
}

// put writes a character at the cursor.
func (s *Screen) put(r rune) {
	w := Width(r)
	if w == 0 {
		return // combining marks have no cell of their own
	}
	if s.cur.sets[s.cur.gl] == '0' {
		r = lineDrawing(r)
	}
	if s.cur.wrap || w == 2 && s.cur.x == s.cols-1 && s.cols > 1 {
		if s.modes.NoWrap {
			s.cur.x = max(s.cols-w, 0)
		} else {
			s.cur.x = 0
			s.lineFeed()
		}
		s.cur.wrap = false
	}
	line := s.grid()[s.cur.y]
	if s.modes.Insert {
		copy(line[min(s.cur.x+w, s.cols):], line[s.cur.x:])
	}
	c := s.cur.style
	c.Rune = r
	line[s.cur.x] = c
	if w == 2 && s.cur.x+1 < s.cols {
		c.Rune = 0
		line[s.cur.x+1] = c
	}
	s.last = r
	s.cur.x += w
	if s.cur.x >= s.cols {
		s.cur.x, s.cur.wrap = s.cols-1, true
	}
}

func (s *Screen) erase(y, from, to int) {
	line := s.grid()[y]
	for x := max(from, 0); x < min(to, s.cols); x++ {
		line[x] = Cell{Rune: ' ', FG: Default, BG: s.cur.style.BG}
	}
}

func (s *Screen) enterAlt(on bool) {
	if on == s.onAlt {
		return
	}
	if on {
		s.savedMain = s.cur
		s.alt = blank(s.cols, s.rows)
	} else {
		s.alt = nil
	}
	s.onAlt = on
	if !on {
		s.cur = s.savedMain
		s.cur.x, s.cur.y = min(s.cur.x, s.cols-1), min(s.cur.y, s.rows-1)
	}
	s.top, s.bot = 0, s.rows-1
}
