package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// PrintTable writes the figures as a table, and below it the notes and failures.
func (r *Report) PrintTable(w io.Writer) {
	rows := [][]string{{"figure", "median", "unit", "min … max", "ratio", "to", "aim", "verdict", "what"}}
	for _, f := range r.Figures {
		rows = append(rows, row(f))
	}
	left := map[int]bool{0: true, 2: true, 5: true, 7: true, 8: true}
	for _, line := range columns(rows, left) {
		fmt.Fprintln(w, line)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Failures)) {
		fmt.Fprintf(w, "failed: %s: %s\n", name, r.Failures[name])
	}
}

func row(f Figure) []string {
	cells := []string{f.Name, Number(f.Median), f.Unit, "", "", "", "", string(f.Verdict), f.About}
	if len(f.Runs) > 1 {
		cells[3] = Number(f.Min) + " … " + Number(f.Max)
	}
	if f.Base != nil {
		cells[4], cells[5] = Number(f.Ratio)+"×", fmt.Sprintf("%s (%s)", f.Base.Name, Number(f.Base.Median))
	}
	if f.Aim != nil {
		cells[6] = f.Aim.String()
	}
	return cells
}

// Number writes a number with about three significant digits and no exponent.
func Number(v float64) string {
	digits := 0
	for limit := 100.0; digits < 4 && v < limit && v > -limit && v != 0; limit /= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// columns pads cells so that columns align: those in left at their left side, the others at their right.
func columns(rows [][]string, left map[int]bool) []string {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var lines []string
	for _, r := range rows {
		var b strings.Builder
		for i, c := range r {
			if i > 0 {
				b.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if left[i] {
				b.WriteString(c + pad)
			} else {
				b.WriteString(pad + c)
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}
