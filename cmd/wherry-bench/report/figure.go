package report

import "fmt"

// A Figure is one measured number.
type Figure struct {
	// Name is a fixed word such as "boot.again"; the part before the dot is the experiment's.
	Name string `json:"name"`
	// About says in words what was measured.
	About string `json:"about"`
	// Unit of the values, for example "s" or "MB/s".
	Unit   string  `json:"unit"`
	Runs   Samples `json:"runs"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Base is what the figure is held against; nil if nothing was measured beside it.
	Base *Base `json:"base,omitempty"`
	// Ratio is the median of the runs' ratios to Base; 0 without one.
	Ratio float64 `json:"ratio,omitempty"`
	Aim   *Aim    `json:"aim,omitempty"`
	// Verdict is empty without an aim.
	Verdict Verdict `json:"verdict,omitempty"`
}

// Base is the measurement of the same run that a figure is compared with, in the figure's unit.
type Base struct {
	Name   string  `json:"name"`
	Runs   Samples `json:"runs"`
	Median float64 `json:"median"`
}

// Verdict says whether a figure meets its aim.
type Verdict string

// The verdicts.
const (
	Met    Verdict = "met"
	Missed Verdict = "missed"
)

// An Aim bounds a figure from one side.
type Aim struct {
	// Ratio is set if the figure's ratio is bounded, not its value.
	Ratio bool `json:"ratio,omitempty"`
	// AtLeast is set if Limit is the smallest good value, not the largest.
	AtLeast bool    `json:"at_least,omitempty"`
	Limit   float64 `json:"limit"`
}

// AtMost bounds a figure's value from above.
func AtMost(limit float64) *Aim { return &Aim{Limit: limit} }

// AtLeast bounds a figure's value from below.
func AtLeast(limit float64) *Aim { return &Aim{AtLeast: true, Limit: limit} }

// RatioAtMost bounds a figure's ratio from above.
func RatioAtMost(limit float64) *Aim { return &Aim{Ratio: true, Limit: limit} }

// RatioAtLeast bounds a figure's ratio from below.
func RatioAtLeast(limit float64) *Aim { return &Aim{Ratio: true, AtLeast: true, Limit: limit} }

// String is the aim as people read it; the unit of a value is the figure's.
func (a *Aim) String() string {
	sign, unit := "≤", ""
	if a.AtLeast {
		sign = "≥"
	}
	if a.Ratio {
		unit = "×"
	}
	return fmt.Sprintf("%s %g%s", sign, a.Limit, unit)
}

// New makes a figure of its runs.
func New(name, about, unit string, runs Samples) Figure {
	return Figure{Name: name, About: about, Unit: unit, Runs: runs, Median: runs.Median(), Min: runs.Min(), Max: runs.Max()}
}

// Against returns the figure with what it is compared with.
func (f Figure) Against(name string, base Samples) Figure {
	f.Base = &Base{Name: name, Runs: base, Median: base.Median()}
	f.Ratio = f.Runs.Over(base).Median()
	return f.judged()
}

// Aiming returns the figure with an aim.
func (f Figure) Aiming(a *Aim) Figure {
	f.Aim = a
	return f.judged()
}

func (f Figure) judged() Figure {
	if f.Aim == nil || f.Aim.Ratio && f.Base == nil {
		return f
	}
	v := f.Median
	if f.Aim.Ratio {
		v = f.Ratio
	}
	f.Verdict = Missed
	if f.Aim.AtLeast && v >= f.Aim.Limit || !f.Aim.AtLeast && v <= f.Aim.Limit {
		f.Verdict = Met
	}
	return f
}
