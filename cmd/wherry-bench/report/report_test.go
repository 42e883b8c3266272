package report_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

func TestSamples(t *testing.T) {
	odd, even := report.Samples{5, 1, 3}, report.Samples{4, 1, 3, 2}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"median of 3", odd.Median(), 3},
		{"median of 4", even.Median(), 2.5},
		{"min", odd.Min(), 1},
		{"max", odd.Max(), 5},
		{"p50", even.Percentile(50), 2},
		{"p99", even.Percentile(99), 4},
		{"p1", even.Percentile(1), 1},
		{"first of the input", odd[0], 5}, // nothing may be sorted in place
	} {
		if c.got != c.want {
			t.Errorf("%s: %g, want %g", c.name, c.got, c.want)
		}
	}
	var none report.Samples
	for name, v := range map[string]float64{"median": none.Median(), "min": none.Min(), "max": none.Max(), "p50": none.Percentile(50)} {
		if !math.IsNaN(v) {
			t.Errorf("%s of nothing: %g", name, v)
		}
	}
}

func TestRatioIsThatOfPairs(t *testing.T) {
	// The second pair ran on a busy machine: the ratio of the medians would be 3/1 = 3.
	f := report.New("a.b", "", "s", report.Samples{2, 20, 3}).Against("base", report.Samples{1, 10, 1})
	if f.Ratio != 2 || f.Base.Median != 1 || f.Median != 3 {
		t.Errorf("%+v, base %+v", f, f.Base)
	}
}

func TestVerdict(t *testing.T) {
	one := report.New("a.b", "", "s", report.Samples{10})
	half := one.Against("base", report.Samples{20})
	for _, c := range []struct {
		name string
		f    report.Figure
		want report.Verdict
		aim  string
	}{
		{"value below", one.Aiming(report.AtMost(10)), report.Met, "≤ 10"},
		{"value above", one.Aiming(report.AtMost(9.5)), report.Missed, "≤ 9.5"},
		{"ratio above", half.Aiming(report.RatioAtMost(0.4)), report.Missed, "≤ 0.4×"},
		{"ratio high enough", half.Aiming(report.RatioAtLeast(0.5)), report.Met, "≥ 0.5×"},
		{"aim before base", one.Aiming(report.RatioAtLeast(0.6)).Against("base", report.Samples{20}), report.Missed, "≥ 0.6×"},
		{"no base for a ratio", one.Aiming(report.RatioAtLeast(0.6)), "", "≥ 0.6×"},
	} {
		if c.f.Verdict != c.want || c.f.Aim.String() != c.aim {
			t.Errorf("%s: %q, aim %q", c.name, c.f.Verdict, c.f.Aim)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		1234.5: "1234", 123.4: "123", 12.34: "12.3", 1.234: "1.23", 0.1234: "0.123", 0.01234: "0.0123", 0: "0", 0.00001: "0.0000",
	} {
		if got := report.Number(v); got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var r report.Report
	r.Add(
		report.New("boot.again", "second start", "s", report.Samples{12, 10, 11}).Against("floor", report.Samples{10, 10, 10}).Aiming(report.RatioAtMost(1.2)),
		report.New("image.size", "shipped", "MB", report.Samples{79}),
	)
	r.Note("a note of %d", 7)
	r.Fail("ports", errors.New("refused"))
	var b strings.Builder
	r.PrintTable(&b)
	want := `figure      median  unit    min … max  ratio  to             aim  verdict  what
boot.again    11.0  s     10.0 … 12.0  1.10×  floor (10.0)  ≤ 1.2×  met      second start
image.size    79.0  MB                                                   shipped
note: a note of 7
failed: ports: refused
`
	if got := normal(b.String()); got != normal(want) {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	lines := strings.Split(b.String(), "\n")
	if at := strings.Index(lines[1], "second start"); at < 0 || runes(lines[1][:at]) != runes(lines[0][:strings.Index(lines[0], "what")]) {
		t.Errorf("columns do not align:\n%s", b.String())
	}
}

// normal is text with single spaces.
func normal(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func runes(s string) int { return len([]rune(s)) }

func TestChart(t *testing.T) {
	var b strings.Builder
	report.PrintChart(&b, []app.Stage{
		{Name: "vm", Duration: time.Second},
		{Name: "agent", Start: time.Second, Duration: 3 * time.Second},
		{Name: "kernel", Start: -10 * time.Millisecond, Duration: 2 * time.Second, Guest: true},
		{Name: "end", Start: 4 * time.Second},
	}, 8)
	want := `stage     from s  takes s
vm          0.00     1.00  ██
agent       1.00     3.00    ██████
  kernel   -0.01     2.00  ▒▒▒
end         4.00     0.00         █
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	b.Reset()
	report.PrintChart(&b, nil, 8)
	if b.Len() > 0 {
		t.Errorf("chart of nothing: %q", b.String())
	}
}

func TestTypicalStart(t *testing.T) {
	r := report.Report{Starts: []report.Start{{Name: "first", Seconds: 1}, {Name: "again", Seconds: 9}, {Name: "again", Seconds: 7}, {Name: "again", Seconds: 8}}}
	if s, ok := r.Typical("again"); !ok || s.Seconds != 8 {
		t.Errorf("%+v, %v", s, ok)
	}
	if _, ok := r.Typical("other"); ok {
		t.Error("a start that was not measured is typical")
	}
}

func TestWriteMakesTheFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dist", "bench.json")
	r := report.Report{Machine: report.Machine{Cores: 2}}
	r.Add(report.New("a.b", "", "s", report.Samples{1, 2}))
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back report.Report
	if err := json.Unmarshal(text, &back); err != nil || back.Machine.Cores != 2 || len(back.Figures) != 1 || len(back.Figures[0].Runs) != 2 {
		t.Errorf("%v: %s", err, text)
	}
}
