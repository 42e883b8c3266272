package model

import (
	"strings"
	"unicode/utf8"
)

// Logs keeps the last lines of a container's output and lays them out.
type Logs struct {
	keep  int
	lines []LogLine
	// dropped counts the lines that were let go.
	dropped int
	partial [2]string
}

// LogLine is one line as docker tells it, without colours.
type LogLine struct {
	Stamp, Text string
	// Err says that it was written to standard error.
	Err bool
}

// LogView is how lines are wanted.
type LogView struct {
	Search     string
	Timestamps bool
	// Columns is the width to wrap at; 0 for no wrapping.
	Columns int
}

// LogRow is one laid-out row.
type LogRow struct {
	Text string
	Err  bool
	// More says that the row continues the one before.
	More bool
}

// NewLogs keeps at most keep lines.
func NewLogs(keep int) *Logs { return &Logs{keep: keep} }

// Add takes a piece of output, which need not end at a line's end. With timestamps each line begins with one.
func (l *Logs) Add(piece string, stderr bool) {
	i := 0
	if stderr {
		i = 1
	}
	piece = l.partial[i] + piece
	for {
		line, rest, ok := strings.Cut(piece, "\n")
		if !ok {
			break
		}
		l.add(line, stderr)
		piece = rest
	}
	if len(piece) > 64<<10 { // a line without an end must not eat the memory
		l.add(piece, stderr)
		piece = ""
	}
	l.partial[i] = piece
}

func (l *Logs) add(line string, stderr bool) {
	stamp := ""
	if s, rest, ok := strings.Cut(line, " "); ok && len(s) >= 20 && s[4] == '-' && s[10] == 'T' {
		stamp, line = s, rest
	} else if len(line) >= 20 && line[4] == '-' && line[10] == 'T' && strings.HasSuffix(line, "Z") {
		stamp, line = line, ""
	}
	if i := strings.LastIndexByte(strings.TrimRight(line, "\r"), '\r'); i >= 0 { // a progress bar: its last state counts
		line = line[i+1:]
	}
	l.lines = append(l.lines, LogLine{Stamp: stamp, Text: Plain(line), Err: stderr})
	if over := len(l.lines) - l.keep; over > l.keep/8 { // in batches: dropping moves all lines
		l.lines = append(l.lines[:0], l.lines[over:]...)
		l.dropped += over
	}
}

// Len is how many lines are kept.
func (l *Logs) Len() int { return len(l.lines) }

// Rows lays the lines out that match v.
func (l *Logs) Rows(v LogView) []LogRow {
	var out []LogRow
	for _, line := range l.lines {
		if v.Search != "" && !Contains(v.Search, line.Text) {
			continue
		}
		text := line.Text
		if v.Timestamps && line.Stamp != "" {
			text = shortStamp(line.Stamp) + "  " + text
		}
		more := false
		for v.Columns > 8 && utf8.RuneCountInString(text) > v.Columns {
			cut := runeIndex(text, v.Columns)
			out = append(out, LogRow{Text: text[:cut], Err: line.Err, More: more})
			text, more = text[cut:], true
		}
		out = append(out, LogRow{Text: text, Err: line.Err, More: more})
	}
	return out
}

// Text is all kept lines with their stamps, for copying and saving.
func (l *Logs) Text(timestamps bool) string {
	var b strings.Builder
	for _, line := range l.lines {
		if timestamps && line.Stamp != "" {
			b.WriteString(line.Stamp + " ")
		}
		b.WriteString(line.Text)
		b.WriteByte('\n')
	}
	return b.String()
}

// shortStamp is 2026-01-02T03:04:05.678… as 01-02 03:04:05.678.
func shortStamp(s string) string {
	s = strings.TrimSuffix(s, "Z")
	if len(s) > 23 {
		s = s[:23]
	}
	return strings.Replace(s[5:], "T", " ", 1)
}

func runeIndex(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// Plain removes escape sequences and control characters; tabs become blanks.
func Plain(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == 0x1b:
			i += escapeLen(s[i:])
		case r == '\t':
			b.WriteString(strings.Repeat(" ", 8-b.Len()%8))
		case r == utf8.RuneError && n == 1:
			b.WriteRune('\ufffd')
		case r >= ' ' && r != 0x7f:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeLen is how long the sequence is whose ESC came before s.
func escapeLen(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case '[':
		for i := 1; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
		}
		return len(s)
	case ']':
		for i := 1; i < len(s); i++ {
			if s[i] == 7 {
				return i + 1
			}
			if s[i] == '\\' && s[i-1] == 0x1b {
				return i + 1
			}
		}
		return len(s)
	}
	return 1
}
