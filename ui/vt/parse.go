package vt

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type parser struct {
	state   parseState
	params  []int
	private byte
	inter   byte
	text    []byte // of an OSC
	utf8    []byte
	digits  bool
}

type parseState int

const (
	ground parseState = iota
	escape
	charset
	csi
	osc
	oscEscape
	ignore // DCS, APC, PM: until ST
	ignoreEscape
)

// Write takes a program's output. It never fails.
func (s *Screen) Write(b []byte) (int, error) {
	for _, c := range b {
		s.feed(c)
	}
	return len(b), nil
}

func (s *Screen) feed(c byte) {
	p := &s.p
	if c == 0x18 || c == 0x1a { // cancel
		p.state = ground
		return
	}
	switch p.state {
	case ground:
		s.feedGround(c)
	case escape:
		s.feedEscape(c)
	case charset:
		p.state = ground
		if p.inter == '(' || p.inter == ')' {
			s.cur.sets[p.inter-'('] = c
		}
		if p.inter == '#' && c == '8' {
			for _, l := range s.grid() {
				for i := range l {
					l[i] = Cell{Rune: 'E', FG: Default, BG: Default}
				}
			}
		}
	case csi:
		s.feedCSI(c)
	case osc:
		s.feedOSC(c)
	case oscEscape:
		s.endOSC()
		p.state = ground
		if c != '\\' {
			s.feedEscape(c)
		}
	case ignore:
		if c == 0x1b {
			p.state = ignoreEscape
		} else if c == 7 {
			p.state = ground
		}
	case ignoreEscape:
		p.state = ground
		if c != '\\' {
			p.state = ignore
		}
	}
}

func (s *Screen) feedGround(c byte) {
	p := &s.p
	if c >= 0x80 || len(p.utf8) > 0 {
		if c < 0x80 || len(p.utf8) > 0 && utf8.RuneStart(c) { // broken sequence
			p.utf8 = p.utf8[:0]
			s.put('\ufffd')
			s.feedGround(c)
			return
		}
		p.utf8 = append(p.utf8, c)
		if utf8.FullRune(p.utf8) {
			r, _ := utf8.DecodeRune(p.utf8)
			p.utf8 = p.utf8[:0]
			s.put(r)
		}
		return
	}
	if c < ' ' || c == 0x7f {
		s.control(c)
		return
	}
	s.put(rune(c))
}

func (s *Screen) control(c byte) {
	switch c {
	case 0x1b:
		s.p.state = escape
	case '\b':
		s.cur.x, s.cur.wrap = max(s.cur.x-1, 0), false
	case '\t':
		s.tab(1)
	case '\n', '\v', '\f':
		s.lineFeed()
		if s.modes.NewLine {
			s.cur.x = 0
		}
	case '\r':
		s.cur.x, s.cur.wrap = 0, false
	case 0x0e:
		s.cur.gl = 1
	case 0x0f:
		s.cur.gl = 0
	}
}

func (s *Screen) tab(n int) {
	for range n {
		x := s.cur.x + 1
		for x < s.cols-1 && !s.isTab(x) {
			x++
		}
		s.cur.x = min(x, s.cols-1)
	}
	for range -n {
		x := s.cur.x - 1
		for x > 0 && !s.isTab(x) {
			x--
		}
		s.cur.x = max(x, 0)
	}
}

func (s *Screen) isTab(x int) bool {
	if set, ok := s.tabs[x]; ok {
		return set
	}
	return x%8 == 0 && !s.tabs[-1]
}

func (s *Screen) feedEscape(c byte) {
	p := &s.p
	p.state = ground
	switch c {
	case '[':
		p.state, p.params, p.private, p.inter, p.digits = csi, p.params[:0], 0, 0, false
	case ']':
		p.state, p.text = osc, p.text[:0]
	case 'P', 'X', '^', '_':
		p.state = ignore
	case '(', ')', '*', '+', '#', '%', ' ':
		p.state, p.inter = charset, c
	case '7':
		s.saved = s.cur
	case '8':
		s.cur = s.saved
		s.cur.x, s.cur.y = min(s.cur.x, s.cols-1), min(s.cur.y, s.rows-1)
	case 'D':
		s.lineFeed()
	case 'E':
		s.lineFeed()
		s.cur.x = 0
	case 'H':
		s.setTab(s.cur.x, true)
	case 'M':
		s.reverseFeed()
	case 'c':
		s.reset()
	case '=':
		s.modes.AppKeypad = true
	case '>':
		s.modes.AppKeypad = false
	case 0x1b:
		p.state = escape
	}
}

func (s *Screen) setTab(x int, on bool) {
	if s.tabs == nil {
		s.tabs = map[int]bool{}
	}
	s.tabs[x] = on
}

func (s *Screen) feedOSC(c byte) {
	switch {
	case c == 7:
		s.endOSC()
		s.p.state = ground
	case c == 0x1b:
		s.p.state = oscEscape
	case len(s.p.text) < 4096:
		s.p.text = append(s.p.text, c)
	}
}

func (s *Screen) endOSC() {
	cmd, text, _ := strings.Cut(string(s.p.text), ";")
	if cmd == "0" || cmd == "2" {
		s.title = strings.ToValidUTF8(text, "")
	}
}

func (s *Screen) feedCSI(c byte) {
	p := &s.p
	switch {
	case c >= '0' && c <= '9':
		if !p.digits {
			p.params, p.digits = append(p.params, 0), true
		}
		n := &p.params[len(p.params)-1]
		*n = min(*n*10+int(c-'0'), 1<<20)
	case c == ';' || c == ':':
		if !p.digits {
			p.params = append(p.params, -1)
		}
		p.digits = false
		if len(p.params) > 64 {
			p.params = p.params[:64]
		}
	case c >= '<' && c <= '?':
		p.private = c
	case c >= ' ' && c <= '/':
		p.inter = c
	case c >= 0x40 && c <= 0x7e:
		p.state = ground
		s.execute(c)
	case c < ' ':
		st := p.state
		s.control(c)
		if p.state == ground {
			p.state = st
		}
	}
}

// arg is the i-th parameter, or def if it is missing or zero.
func (s *Screen) arg(i, def int) int {
	if i < len(s.p.params) && s.p.params[i] > 0 {
		return s.p.params[i]
	}
	return def
}

func (s *Screen) answer(text string) {
	if s.reply != nil {
		s.reply([]byte(text))
	}
}

func (s *Screen) report(kind int) {
	switch kind {
	case 5:
		s.answer("\x1b[0n")
	case 6:
		s.answer("\x1b[" + strconv.Itoa(s.cur.y+1) + ";" + strconv.Itoa(s.cur.x+1) + "R")
	}
}
