package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/wherry-app/wherry/app"
)

// SettingsForm is the settings page's content: what holds, and what was changed but not applied yet.
type SettingsForm struct {
	Saved   app.Settings
	Host    app.Host
	changes map[string]string
}

// Change notes a new value of a key; the value that holds already is no change.
func (f *SettingsForm) Change(key, value string) {
	if f.changes == nil {
		f.changes = map[string]string{}
	}
	for _, k := range app.Keys() {
		if k.Name == key && k.Get(f.Saved) == strings.TrimSpace(value) {
			delete(f.changes, key)
			return
		}
	}
	f.changes[key] = value
}

// Changes are what is to be applied.
func (f *SettingsForm) Changes() map[string]string { return maps.Clone(f.changes) }

// Reset takes saved settings in and forgets all changes.
func (f *SettingsForm) Reset(saved app.Settings) {
	f.Saved, f.changes = saved, nil
}

// Check says per key what is wrong with its change.
func (f *SettingsForm) Check() map[string]*app.ErrorInfo {
	bad := map[string]*app.ErrorInfo{}
	for key, v := range f.changes {
		if _, err := f.Saved.With(map[string]string{key: v}, f.Host, f.Saved.Disk); err != nil {
			bad[key] = app.InfoOf(err)
		}
	}
	return bad
}

// MemorySteps are the sizes the memory slider offers: from the smallest that works to all the host has.
func MemorySteps(h app.Host) []int64 {
	top := h.Memory
	if top == 0 {
		top = 64 << 30
	}
	steps := []int64{app.MinMemory, 768 << 20}
	for n := int64(1 << 30); n <= top; {
		steps = append(steps, n)
		switch {
		case n < 4<<30:
			n += 512 << 20
		case n < 16<<30:
			n += 1 << 30
		default:
			n += 4 << 30
		}
	}
	return steps
}

// DiskSteps are the sizes the disk slider offers: from the present one, since disks only grow, to 1 TiB.
func DiskSteps(now int64) []int64 {
	steps := []int64{now}
	for _, g := range []int64{8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024} {
		if n := g << 30; n > now {
			steps = append(steps, n)
		}
	}
	return steps
}

// Nearest is the place of the step that is closest to n.
func Nearest(steps []int64, n int64) int {
	best := 0
	for i, s := range steps {
		if abs(s-n) < abs(steps[best]-n) {
			best = i
		}
	}
	return best
}

// WithStep adds a value to the steps it is not one of, so that a slider can stand on it.
func WithStep(steps []int64, n int64) []int64 {
	if slices.Contains(steps, n) {
		return steps
	}
	steps = append(slices.Clone(steps), n)
	slices.Sort(steps)
	return steps
}

func abs(n int64) int64 { return max(n, -n) }
