package pid1

import (
	"testing"
	"time"
)

// calmed looks at an idle guest until something is to be done.
func calmed(t *testing.T, g *giver, u *usage) deed {
	t.Helper()
	for range 1000 {
		d := g.look(*u)
		if d.sync {
			return d
		}
		u.at += d.next
	}
	t.Fatal("nothing is ever done")
	return deed{}
}

func TestCachesGoWhenItIsCalmAndNotBefore(t *testing.T) {
	g, u := &giver{}, usage{at: time.Minute, cache: 1 << 30}
	g.look(u)
	for range 20 { // work
		u.at += watchEvery
		u.paged += 100 << 20
		if d := g.look(u); d.sync || d.drop > 0 {
			t.Fatalf("while work goes on: %+v", d)
		}
	}
	ended := u.at
	d := calmed(t, g, &u)
	if d.drop != 1<<30-cacheFloor {
		t.Errorf("drops %d", d.drop)
	}
	if waited := u.at - ended; waited < calm || waited > calm+2*watchEvery {
		t.Errorf("after %v", waited)
	}
	u.cache = cacheFloor
	for range 20 {
		u.at += restEvery
		if d := g.look(u); d.sync || d.drop > 0 || d.next != restEvery {
			t.Fatalf("once is enough: %+v", d)
		}
	}
}

func TestBusyProcessorIsWork(t *testing.T) {
	g, u := &giver{}, usage{at: time.Minute, cache: 1 << 30}
	for range 20 {
		if d := g.look(u); d.drop > 0 {
			t.Fatalf("%+v", d)
		}
		u.at, u.cpu = u.at+watchEvery, u.cpu+watchEvery
	}
}

func TestSmallCachesStay(t *testing.T) {
	g, u := &giver{}, usage{at: time.Minute, cache: cacheFloor + worthIt}
	if d := calmed(t, g, &u); d.drop != 0 {
		t.Errorf("%+v", d)
	}
}

// TestCachesThatAreNeededStayLonger: what is read again each time is dropped less and less often.
func TestCachesThatAreNeededStayLonger(t *testing.T) {
	g, u := &giver{}, usage{at: time.Minute, cache: 1 << 30}
	var waits []time.Duration
	for range 12 {
		u.at, u.paged, u.refaulted = u.at+watchEvery, u.paged+1<<30, u.refaulted+1<<30
		g.look(u)
		begun := u.at
		calmed(t, g, &u)
		waits = append(waits, u.at-begun)
	}
	if last := waits[len(waits)-1]; last < calmMost || waits[0] >= last {
		t.Errorf("%v", waits)
	}
	for range 12 { // and then never again
		u.at, u.paged = u.at+watchEvery, u.paged+1<<30
		g.look(u)
		calmed(t, g, &u)
	}
	if g.patient != calm {
		t.Errorf("still %v", g.patient)
	}
}

func TestTrimOnceAndThenEachHourIfNeeded(t *testing.T) {
	g, u := &giver{}, usage{at: time.Minute}
	work := func() deed {
		g.look(u)
		u.at, u.paged = u.at+watchEvery, u.paged+1<<30
		g.look(u)
		return calmed(t, g, &u)
	}
	if !work().trim {
		t.Error("no first trim")
	}
	u.freed += 1 << 30
	if work().trim {
		t.Error("again too soon")
	}
	u.at += trimEvery
	if !work().trim {
		t.Error("blocks that were freed are not trimmed")
	}
	u.at += trimEvery
	if work().trim {
		t.Error("trimmed though nothing was freed")
	}
}

func TestHigh(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct{ total, needed, want int64 }{
		{2 * gib, 0, gib}, {8 * gib, 2 * gib, 6 * gib}, {8 * gib, 4 * gib, 0}, {gib, gib, 0},
	} {
		if got := highFor(c.total, c.needed); got != c.want {
			t.Errorf("of %d with %d needed: %d, want %d", c.total, c.needed, got, c.want)
		}
	}
}
