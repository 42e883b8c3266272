package ui

import (
	"runtime"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// TestThousandContainers shows a minute's worth of changing figures of a thousand containers while somebody scrolls,
// searches, sorts and opens some: each interaction must take effect, soon, and the memory must not grow.
func TestThousandContainers(t *testing.T) {
	r := newRig(t, look.Light, 1180, 760)
	r.pump.ctx = t.Context()
	s := fake.Scene("running")
	s.Docker.Containers = fake.Many(1000)
	r.show(s)
	r.navigate(model.PageContainers, "")
	var list *widget.List
	var search *kit.Entry
	rows := 0
	walk(r.win.Content(), func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.List:
			list = o
		case *kit.Entry:
			search = o
		}
	})
	count := func() int { return list.Length() }
	rows = count()
	if rows != 1000+50 {
		t.Fatalf("%d rows, want 1000 containers and 50 projects", rows)
	}
	var slowest, slowestShow time.Duration
	timed := func(most *time.Duration, f func()) {
		began := time.Now()
		f()
		*most = max(*most, time.Since(began))
	}
	var first uint64
	for round := range 60 {
		s.Now = s.Now.Add(time.Second)
		s.Docker.Stats = fake.StatsOf(s.Docker.Containers, round)
		timed(&slowestShow, func() { r.show(s); r.relayout() })
		timed(&slowest, func() { list.ScrollToOffset(float32(round*997) * 1.5) })
		timed(&slowest, func() { test.Type(search, "9") })
		if n := count(); n >= rows || n == 0 {
			t.Fatalf("round %d: %d rows after typing", round, n)
		}
		timed(&slowest, func() { search.SetText("") })
		if count() != rows {
			t.Fatalf("round %d: %d rows after the search was cleared", round, count())
		}
		if round%20 != 0 { // the test driver keeps the renderers of what was closed; the real one drops them after a while
			continue
		}
		timed(&slowest, func() { list.Select(1) })
		if button(r.win.Content(), "Inspect") == nil {
			t.Fatalf("round %d: no container opened", round)
		}
		timed(&slowest, func() { test.Tap(button(r.win.Content(), "Containers")) })
		first = max(first, heapAt(round, 20))
	}
	last := heap()
	t.Logf("slowest interaction %v, slowest change %v, heap %d KiB after 20 rounds, %d KiB after 60", slowest, slowestShow, first>>10, last>>10)
	if last > first+16<<20 { // the toolkit keeps the sizes of texts for a minute
		t.Errorf("the heap grew from %d KiB to %d KiB", first>>10, last>>10)
	}
	if slowest > 2*time.Second || slowestShow > time.Second { // far above what it takes: the machine may be busy
		t.Errorf("an interaction took %v, a change %v", slowest, slowestShow)
	}
}

// heapAt is the heap in the round that is compared, else 0.
func heapAt(round, compared int) uint64 {
	if round != compared {
		return 0
	}
	return heap()
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
