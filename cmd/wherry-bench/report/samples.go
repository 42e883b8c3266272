package report

import (
	"math"
	"slices"
)

// Samples are the results of repeated runs of one measurement, in the order they were taken.
type Samples []float64

// Median is the middle value, or the mean of the two in the middle; NaN if there are none.
func (s Samples) Median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(s))
	mid := len(v) / 2
	if len(v)%2 == 1 {
		return v[mid]
	}
	return (v[mid-1] + v[mid]) / 2
}

// Percentile is the smallest value that p percent of all values do not exceed, p in (0, 100]; NaN if there are none.
func (s Samples) Percentile(p float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(s))
	rank := int(math.Ceil(p / 100 * float64(len(v))))
	return v[min(max(rank, 1), len(v))-1]
}

// Min is the smallest value; NaN if there are none.
func (s Samples) Min() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	return slices.Min(s)
}

// Max is the largest value; NaN if there are none.
func (s Samples) Max() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	return slices.Max(s)
}

// Over are the ratios of the runs to those of base, pair by pair: what disturbed the machine during a pair disturbed both.
// Runs without a partner are left out.
func (s Samples) Over(base Samples) Samples {
	var out Samples
	for i := range min(len(s), len(base)) {
		out = append(out, s[i]/base[i])
	}
	return out
}
