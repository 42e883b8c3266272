package engine

import (
	"testing"
	"time"
)

func TestIdleWatch(t *testing.T) {
	begin := time.Now()
	at := func(s int) time.Time { return begin.Add(time.Duration(s) * time.Second) }
	for name, c := range map[string]struct {
		uses     []use
		sleepers bool
		since    int
	}{
		"nobody":                {uses: []use{{at: at(10), idle: true}, {at: at(20), idle: true}}, since: 0},
		"a client of docker":    {uses: []use{{at: at(10)}, {at: at(20), idle: true, left: at(13)}}, since: 13},
		"who left long ago":     {uses: []use{{at: at(10), idle: true, left: at(-5)}}, since: 0},
		"a client of a port":    {uses: []use{{at: at(10), idle: true, clients: 1}, {at: at(20), idle: true}}, since: 10},
		"one who came and went": {uses: []use{{at: at(10), idle: true}, {at: at(20), idle: true, bytes: 1}, {at: at(30), idle: true, bytes: 1}}, since: 20},
		"a container":           {uses: []use{{at: at(10), idle: true, running: 1}, {at: at(20), idle: true}}, since: 10},
		"an idle container": {sleepers: true, since: 0, uses: []use{
			{at: at(10), idle: true, running: 1, cpu: time.Minute, sampled: at(9)},
			{at: at(20), idle: true, running: 1, cpu: time.Minute, sampled: at(9)},
			{at: at(30), idle: true, running: 1, cpu: time.Minute + 10*time.Millisecond, sampled: at(29)},
		}},
		"a busy container": {sleepers: true, since: 30, uses: []use{
			{at: at(10), idle: true, running: 1, cpu: time.Minute, sampled: at(9)},
			{at: at(20), idle: true, running: 1, cpu: time.Minute, sampled: at(9)},
			{at: at(30), idle: true, running: 1, cpu: time.Minute + time.Second, sampled: at(29)},
		}},
	} {
		w := newIdleWatch(begin)
		for _, u := range c.uses {
			w.see(u, c.sleepers)
		}
		if !w.since.Equal(at(c.since)) {
			t.Errorf("%s: idle since %v, want %ds", name, w.since.Sub(begin), c.since)
		}
	}
}
