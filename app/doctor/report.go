package doctor

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Verdict is how a check came out.
type Verdict string

// The verdicts, the best first.
const (
	OK      Verdict = "ok"
	Unknown Verdict = "unknown" // could not be found out; nothing speaks for trouble
	Warning Verdict = "warning" // works, but not as well as it could, or not for long
	Problem Verdict = "problem" // the engine does not work like this
)

func (v Verdict) rank() int {
	return map[Verdict]int{OK: 0, Unknown: 1, Warning: 2, Problem: 3}[v]
}

// Check is one thing that was examined.
type Check struct {
	// Name is a word of a fixed set, for programs; Title is for people.
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Verdict Verdict `json:"verdict"`
	// Message says what was found.
	Message string `json:"message"`
	// Fix names the next action; empty if there is none to take.
	Fix string `json:"fix,omitempty"`
}

// Report is a whole examination.
type Report struct {
	Version string    `json:"version"`
	OS      string    `json:"os"`
	Time    time.Time `json:"time"`
	Checks  []Check   `json:"checks"`
}

// Worst is the worst verdict of all checks; OK if there are none.
func (r Report) Worst() Verdict {
	worst := OK
	for _, c := range r.Checks {
		if c.Verdict.rank() > worst.rank() {
			worst = c.Verdict
		}
	}
	return worst
}

// WriteText writes the report for people, one line a check and one for what to do.
func (r Report) WriteText(w io.Writer) error {
	marks := map[Verdict]string{OK: "ok", Unknown: "?", Warning: "warning", Problem: "PROBLEM"}
	var b strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-8s %-16s %s\n", marks[c.Verdict], c.Title, c.Message)
		if c.Fix != "" {
			fmt.Fprintf(&b, "%-8s %-16s → %s\n", "", "", c.Fix)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
