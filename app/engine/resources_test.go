package engine

import (
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/linuxvm/control"
)

func TestWarningsOfFullDisks(t *testing.T) {
	const gib = 1 << 30
	if w := hostDiskLow(space.Space{Free: 50 * gib, Total: 100 * gib}, gib); w != nil {
		t.Errorf("%+v", w)
	}
	if w := hostDiskLow(space.Space{}, gib); w != nil {
		t.Errorf("of a disk that is not known: %+v", w)
	}
	if w := hostDiskLow(space.Space{Free: gib, Total: 100 * gib}, 3*gib); w == nil || !strings.Contains(w.Message, "1 GiB") || !strings.Contains(w.Message, "3 GiB") || w.Hint == "" {
		t.Errorf("%+v", w)
	}
	if w := guestDiskFull(control.DataDisk{Total: 64 * gib, Free: 32 * gib}, ""); w != nil {
		t.Errorf("%+v", w)
	}
	w := guestDiskFull(control.DataDisk{Total: 64 * gib, Free: gib / 2}, pruneHint(3*gib, 0, 2*gib, 0))
	if w == nil || !strings.Contains(w.Hint, "`docker image prune -a` (3 GiB), `docker builder prune` (2 GiB)") || !strings.Contains(w.Message, "512 MiB") {
		t.Errorf("%+v", w)
	}
}

func TestNeededRoomSuitsTheDisk(t *testing.T) {
	for total, want := range map[int64]int64{100 << 20: 16 << 20, 1 << 30: 1 << 30 / 20, 1 << 40: 256 << 20} {
		if got := neededRoom(space.Space{Total: total}); got != want {
			t.Errorf("of %d: %d", total, got)
		}
	}
}

func TestResourcesOfContainers(t *testing.T) {
	var snap app.Snapshot
	resources{memory: 5, disk: 6, guest: control.Status{Memory: control.Memory{Total: 10, Available: 4, Cache: 2, Containers: 3, Each: []control.ContainerMemory{{ID: "i", Name: "web", Bytes: 3, Cache: 1}}}}}.into(&snap)
	v := snap.VM
	if v.MemoryUsedBytes != 6 || v.MemoryHostBytes != 5 || v.DiskHostBytes != 6 || len(v.Containers) != 1 || v.Containers[0] != (app.ContainerMemory{ID: "i", Name: "web", Bytes: 3, CacheBytes: 1}) {
		t.Errorf("%+v", v)
	}
}
