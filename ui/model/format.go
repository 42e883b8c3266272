package model

import (
	"fmt"
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

// Uptime is the short form of docker's status sentence: "3 minutes" of "Up 3 minutes (healthy)".
func Uptime(c Container) string {
	s, _, _ := strings.Cut(c.Status, " (")
	if c.State == "exited" || c.State == "dead" {
		return strings.TrimSpace(c.Status)
	}
	s = strings.TrimPrefix(s, "Up ")
	s = strings.TrimPrefix(s, "About ")
	return strings.TrimSpace(s)
}
