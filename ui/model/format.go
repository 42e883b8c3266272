package model

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
)

// ShortID is the part of an ID that people use.
func ShortID(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

// Percent writes a CPU share for people; a dash if it is not known.
func Percent(v float64) string {
	switch {
	case v < 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.1f%%", v)
	}
	return fmt.Sprintf("%.0f%%", v)
}

// Size writes bytes for people; a dash if they are not known.
func Size(n int64) string {
	if n < 0 {
		return "–"
	}
	return app.HumanSize(n)
}

// Age writes how long ago t was, in one unit.
func Age(t, now time.Time) string {
	if t.IsZero() || t.Unix() <= 0 {
		return "–"
	}
	return Span(now.Sub(t)) + " ago"
}

// Span writes a duration in its largest unit.
func Span(d time.Duration) string {
	n, unit := int64(d/time.Second), "second"
	for _, u := range []struct {
		size time.Duration
		name string
	}{{time.Minute, "minute"}, {time.Hour, "hour"}, {24 * time.Hour, "day"}, {30 * 24 * time.Hour, "month"}, {365 * 24 * time.Hour, "year"}} {
		if d >= u.size {
			n, unit = int64(d/u.size), u.name
		}
	}
	return Plural(int(max(n, 0)), unit)
}

// Clock writes a duration as m:ss or h:mm:ss.
func Clock(d time.Duration) string {
	s := int(d / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Plural writes a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Uptime says how long a container has been in its state.
func Uptime(c Container, now time.Time) string {
	if c.Since.IsZero() {
		return strings.TrimPrefix(c.Status, "Up ")
	}
	ago := "under a minute"
	if d := now.Sub(c.Since); d >= time.Minute {
		ago = Span(d)
	}
	if c.Running() {
		return ago
	}
	code, _, _ := strings.Cut(c.Status, ")")
	return code + ") " + ago + " ago"
}

var statusAge = regexp.MustCompile(`(?:Up|Exited \(-?\d+\)) (Less than a|About an?|\d+) (second|minute|hour|day|week|month|year)s?`)

// SinceOf reads out of docker's status sentence when the state began, given when it was said; zero if it does not say.
func SinceOf(status string, said time.Time) time.Time {
	m := statusAge.FindStringSubmatch(status)
	if m == nil {
		return time.Time{}
	}
	n := 1
	if m[1] == "Less than a" {
		n = 0
	} else if v, err := strconv.Atoi(m[1]); err == nil {
		n = v
	}
	const day = 24 * time.Hour
	unit := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": day, "week": 7 * day, "month": 30 * day, "year": 365 * day}[m[2]]
	return said.Add(-time.Duration(n) * unit)
}
