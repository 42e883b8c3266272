package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
)

// PrintChart draws the stages of a start as bars on one time axis of that many characters. The guest's own stages are
// set in and lighter.
func PrintChart(w io.Writer, stages []app.Stage, width int) {
	var total time.Duration
	for _, s := range stages {
		total = max(total, s.Start+s.Duration)
	}
	if total <= 0 {
		return
	}
	column := func(t time.Duration) int { return int(int64(max(t, 0)) * int64(width) / int64(total)) }
	rows := [][]string{{"stage", "from s", "takes s", ""}}
	for _, s := range stages {
		name, mark := s.Name, "█"
		if s.Guest {
			name, mark = "  "+s.Name, "▒"
		}
		from := min(column(s.Start), width-1)
		to := max(column(s.Start+s.Duration), from+1)
		bar := strings.Repeat(" ", from) + strings.Repeat(mark, to-from)
		rows = append(rows, []string{name, seconds(s.Start), seconds(s.Duration), bar})
	}
	for _, line := range columns(rows, map[int]bool{0: true, 3: true}) {
		fmt.Fprintln(w, line)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }
