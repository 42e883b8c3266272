package pid1

import "time"

// What the guest does not need it gives back to the host: caches when nothing goes on, and with them the memory (free
// pages are reported by the balloon's driver), and deleted blocks of the data disk. The decisions are pure.
const (
	// watchEvery is how often it is looked whether something goes on; restEvery when nothing does and all was done.
	watchEvery = 2 * time.Second
	restEvery  = 5 * time.Second
	// calm is how long nothing may go on before caches are dropped. When they turn out to have been of use it is doubled,
	// up to calmMost.
	calm     = 4 * time.Second
	calmMost = 5 * time.Minute
	// cacheFloor is what is left of the caches in bytes: about what docker's own programs need to be quick.
	cacheFloor = 160 << 20
	// worthIt is the excess in bytes from which on it is dropped.
	worthIt = 48 << 20
	// trimEvery is how often the data disk is trimmed, if blocks were freed on it.
	trimEvery = time.Hour
)

// usage is a reading of the counters that tell whether something goes on.
type usage struct {
	at time.Duration // since the kernel's start
	// cpu is the containers' processor time so far; paged the bytes that were read from disks or written to files so far.
	cpu   time.Duration
	paged int64
	// refaulted are the bytes so far that were read again after they had been dropped.
	refaulted int64
	// cache is what could be dropped; freed grows with the free bytes of the data disk.
	cache, freed int64
}

// deed is what is to be done now.
type deed struct {
	// sync writes files out, so that deleted blocks are discarded and caches can be dropped.
	sync bool
	// drop is how many bytes of caches to drop.
	drop int64
	// trim discards all free blocks of the data disk.
	trim bool
	// next is when to look again.
	next time.Duration
}

// giver decides. It is for one goroutine.
type giver struct {
	last    usage
	begun   bool
	since   time.Duration // when it became calm
	patient time.Duration // how long it has to be calm now
	done    bool          // all was done in this calm
	dropped int64         // what was dropped the last time
	before  int64         // refaults at that time
	trimmed time.Duration // when the disk was trimmed
	free    int64         // the disk's free bytes then
}

// goesOn says whether work was done between two readings.
func goesOn(a, b usage) bool {
	dt := b.at - a.at
	const perSecond = 1 << 20
	return b.cpu-a.cpu > dt/10 || float64(b.paged-a.paged) > perSecond*dt.Seconds()
}

// look takes a reading and says what to do. After a deed, took tells the next reading.
func (g *giver) look(u usage) deed {
	if !g.begun {
		g.begun, g.last, g.since, g.patient, g.free = true, u, u.at, calm, u.freed
		return deed{next: watchEvery}
	}
	busy := goesOn(g.last, u)
	g.last = u
	if busy {
		g.since, g.done = u.at, false
		return deed{next: watchEvery}
	}
	if g.done {
		return deed{next: restEvery}
	}
	if u.at-g.since < g.patient {
		return deed{next: watchEvery}
	}
	g.done = true
	d := deed{sync: true, next: watchEvery}
	if excess := u.cache - cacheFloor; excess > worthIt {
		g.learn(u)
		d.drop, g.dropped, g.before = excess, excess, u.refaulted
	}
	if g.trimmed == 0 || u.at-g.trimmed > trimEvery && u.freed != g.free {
		d.trim, g.trimmed, g.free = true, u.at, u.freed
	}
	return d
}

// learn looks whether what was dropped the last time was needed again.
func (g *giver) learn(u usage) {
	if g.dropped == 0 {
		return
	}
	if u.refaulted-g.before > g.dropped/4 {
		g.patient = min(2*g.patient, calmMost)
	} else {
		g.patient = max(g.patient/2, calm)
	}
}

// took is the reading after a deed: what the deed itself read and wrote is not work.
func (g *giver) took(u usage) { g.last = u }

// highFor is the memory.high of the containers in bytes, given the guest's memory and what of theirs cannot be dropped:
// their caches get half of the memory while they work. It is 0, for no limit, when little would be left: a container that
// needs all is not to be slowed down.
func highFor(total, needed int64) int64 {
	high := needed + total/2
	if high > total-total/8 {
		return 0
	}
	return high
}
