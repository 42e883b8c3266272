package model

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/wherry-app/wherry/app"
)

// SettingsForm is the settings page's content: what holds, and what was changed but not applied yet.
type SettingsForm struct {
	Saved   app.Settings
	Host    app.Host
	changes map[string]string
}

// Change notes a new value of a key; the value that holds already, in whatever words, is no change.
func (f *SettingsForm) Change(key, value string) {
	if f.changes == nil {
		f.changes = map[string]string{}
	}
	k, ok := settingsKey(key)
	if ok && f.holds(k, value) {
		delete(f.changes, key)
		return
	}
	f.changes[key] = value
}

func (f *SettingsForm) holds(k app.Key, value string) bool {
	if k.Get(f.Saved) == strings.TrimSpace(value) {
		return true
	}
	next, err := f.Saved.With(map[string]string{k.Name: value}, app.Host{Drivers: f.Host.Drivers}, f.Saved.Disk)
	return err == nil && k.Get(next) == k.Get(f.Saved)
}

// Changed says whether a key has a change that is not applied.
func (f *SettingsForm) Changed(key string) bool {
	_, ok := f.changes[key]
	return ok
}

// Value is what a key's field shows: its change, or else what holds.
func (f *SettingsForm) Value(k app.Key) string {
	if v, ok := f.changes[k.Name]; ok {
		return v
	}
	return k.Get(f.Saved)
}

func settingsKey(name string) (app.Key, bool) {
	for _, k := range app.Keys() {
		if k.Name == name {
			return k, true
		}
	}
	return app.Key{}, false
}

// Changes are what is to be applied.
func (f *SettingsForm) Changes() map[string]string { return maps.Clone(f.changes) }

// Reset takes saved settings in and forgets all changes.
func (f *SettingsForm) Reset(saved app.Settings) {
	f.Saved, f.changes = saved, nil
}

// Check says per key what is wrong with its change. What is wrong with the saved settings already, as on a computer with
// less than the one they were made on, is no change's fault.
func (f *SettingsForm) Check() map[string]*app.ErrorInfo {
	bad := map[string]*app.ErrorInfo{}
	_, before := f.Saved.With(nil, f.Host, f.Saved.Disk)
	for key, v := range f.changes {
		_, err := f.Saved.With(map[string]string{key: v}, f.Host, f.Saved.Disk)
		if err != nil && (before == nil || err.Error() != before.Error()) {
			bad[key] = plain(key, app.InfoOf(err))
		}
	}
	return bad
}

// Blame finds the changed key that an error of applying is about; false if it does not say so.
func (f *SettingsForm) Blame(err error) (key string, info *app.ErrorInfo, ok bool) {
	info = app.InfoOf(err)
	for key := range f.changes {
		if strings.HasPrefix(info.Message, "set "+key+": ") {
			return key, plain(key, info), true
		}
	}
	return "", info, false
}

// plain is an error without the words that name its key: it is shown at the key's field.
func plain(key string, e *app.ErrorInfo) *app.ErrorInfo {
	return &app.ErrorInfo{Message: strings.TrimPrefix(e.Message, "set "+key+": "), Hint: e.Hint}
}

// Pending says in a few words what is to be applied and what is in its way; empty if nothing is.
func (f *SettingsForm) Pending(bad map[string]*app.ErrorInfo) string {
	var wrong []string
	for _, k := range app.Keys() {
		if bad[k.Name] != nil {
			wrong = append(wrong, k.Title)
		}
	}
	switch {
	case len(wrong) > 0:
		return "To be corrected: " + strings.Join(wrong, ", ")
	case len(f.changes) > 0:
		return Plural(len(f.changes), "change") + " not applied yet"
	}
	return ""
}

// SettingsSection is one heading of the settings page with what stands below it.
type SettingsSection struct {
	Title, Text string
	Keys        []app.Key
}

// SettingsSections are all settings by their groups, in their order; groups without settings are left out.
func SettingsSections() []SettingsSection {
	var out []SettingsSection
	for _, g := range app.Groups() {
		s := SettingsSection{Title: string(g), Text: groupText(g)}
		for _, k := range app.Keys() {
			if k.Group == g {
				s.Keys = append(s.Keys, k)
			}
		}
		if len(s.Keys) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func groupText(g app.Group) string {
	switch g {
	case app.GroupResources:
		return "What the Linux machine may use. It takes memory as it needs it and gives back what it does not."
	case app.GroupEngine:
		return "How the machine is run. Automatic is right almost always."
	case app.GroupLifecycle:
		return "When the engine starts, when it rests, and when it wakes up."
	case app.GroupNetwork:
		return "How containers reach the network, and who reaches them."
	case app.GroupSharing:
		return "Folders of this computer that containers can use, at the same path as here."
	case app.GroupDocker:
		return "How docker and its clients are set up."
	}
	return ""
}

// SettingHelp is a setting's help as it reads beside a field of its kind.
func SettingHelp(k app.Key, h app.Host) string {
	help := k.Help
	switch {
	case k.Name == "cpus" && h.CPUs > 0:
		help = "of " + strconv.Itoa(h.CPUs) + " here"
	case k.Name == "memory" && h.Memory > 0:
		help = "at most, of " + Size(h.Memory) + " here"
	case k.Name == "disk":
		help = "for images, containers and volumes; the file grows as it fills, and can only be made larger"
	case k.Name == "shares":
		help = "containers can bind these folders and what is in them; what is read only they cannot change"
	case k.Kind == app.KindList:
		help = strings.ReplaceAll(help, ", with commas between them", "")
	}
	return strings.ReplaceAll(help, "`", "")
}

// ShortDuration is a duration without the zeros that time.Duration writes: 15m0s is 15m.
func ShortDuration(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Durations are those that a duration's field offers.
func Durations() []string { return []string{app.Off, "5m", "15m", "30m", "1h", "4h"} }

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

// Later says which settings wait for the engine's next start.
func Later(keys []string) string {
	var titles []string
	for _, name := range keys {
		if k, ok := settingsKey(name); ok && k.Title != "" {
			name = k.Title
		}
		titles = append(titles, name)
	}
	verb := " holds"
	if len(titles) > 1 {
		verb = " hold"
	}
	return strings.Join(titles, ", ") + verb + " from the engine's next start on."
}
