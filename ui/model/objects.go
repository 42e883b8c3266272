package model

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// ImageRow is one line of the images list: one tag, or an image without any.
type ImageRow struct {
	// Ref is what docker commands take: the tag, or the ID without one.
	Ref, ID        string
	Name, Tag, Age string
	Size           string
	// UsedBy are the names of the containers made from it.
	UsedBy   []string
	Dangling bool
}

// ImageRows lists images that match text: those in use first, then by name.
func ImageRows(l Lists, text string, now time.Time) []ImageRow {
	users := map[string][]string{}
	for _, c := range l.Containers {
		users[c.ImageID] = append(users[c.ImageID], c.Name)
	}
	var rows []ImageRow
	for _, im := range l.Images {
		r := ImageRow{Ref: im.ID, ID: im.ID, Name: "<none>", Tag: ShortID(im.ID), Age: Age(im.Created, now), Size: Size(im.Size), UsedBy: users[im.ID], Dangling: true}
		if len(im.Digests) > 0 {
			r.Name, _, _ = strings.Cut(im.Digests[0], "@")
		}
		if len(im.Tags) == 0 && Contains(text, r.Name, r.ID) {
			rows = append(rows, r)
		}
		for _, tag := range im.Tags {
			r.Ref, r.Dangling = tag, false
			r.Name, r.Tag = SplitRef(tag)
			if Contains(text, tag, im.ID) {
				rows = append(rows, r)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b ImageRow) int {
		return cmp.Or(-compareBool(len(a.UsedBy) > 0, len(b.UsedBy) > 0), compareBool(a.Dangling, b.Dangling),
			strings.Compare(a.Name, b.Name), strings.Compare(a.Tag, b.Tag), strings.Compare(a.ID, b.ID))
	})
	return rows
}

// SplitRef parts an image's name from its tag.
func SplitRef(ref string) (name, tag string) {
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, "latest"
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Unused sums up what pruning images frees: those without a tag and without a container, or with all set every image
// without a container. Layers that are shared make it an upper bound.
func Unused(l Lists, all bool) (n int, bytes int64) {
	used := map[string]bool{}
	for _, c := range l.Containers {
		used[c.ImageID] = true
	}
	for _, im := range l.Images {
		if !used[im.ID] && (all || len(im.Tags) == 0) {
			n++
			bytes += im.Size
		}
	}
	return n, bytes
}

// VolumeRow is one line of the volumes list.
type VolumeRow struct {
	Name, Driver, Size, Age string
	UsedBy                  []string
}

// VolumeRows lists volumes that match text, by name.
func VolumeRows(l Lists, text string, now time.Time) []VolumeRow {
	users := map[string][]string{}
	for _, c := range l.Containers {
		for _, m := range c.Mounts {
			if m.Type == "volume" {
				users[m.Name] = append(users[m.Name], c.Name)
			}
		}
	}
	var rows []VolumeRow
	for _, v := range l.Volumes {
		if Contains(text, v.Name, v.Driver, strings.Join(users[v.Name], " ")) {
			rows = append(rows, VolumeRow{Name: v.Name, Driver: v.Driver, Size: Size(v.Size), Age: Age(v.Created, now), UsedBy: users[v.Name]})
		}
	}
	slices.SortFunc(rows, func(a, b VolumeRow) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// NetworkRow is one line of the networks list.
type NetworkRow struct {
	ID, Name, Driver, Subnet, Note string
	Containers                     []string
	// Removable is false for docker's own networks and those in use.
	Removable bool
}

// NetworkRows lists networks that match text: the user's own first, by name.
func NetworkRows(l Lists, text string) []NetworkRow {
	users := map[string][]string{}
	for _, c := range l.Containers {
		for _, n := range c.Networks {
			users[n] = append(users[n], c.Name)
		}
	}
	var rows []NetworkRow
	builtin := map[string]bool{}
	for _, n := range l.Networks {
		if !Contains(text, n.Name, n.Driver, n.Subnet) {
			continue
		}
		builtin[n.ID] = n.Builtin()
		r := NetworkRow{ID: n.ID, Name: n.Name, Driver: n.Driver, Subnet: n.Subnet, Containers: users[n.Name]}
		r.Removable = !n.Builtin() && len(r.Containers) == 0
		switch {
		case n.Builtin():
			r.Note = "built in"
		case n.Internal:
			r.Note = "internal"
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b NetworkRow) int {
		return cmp.Or(compareBool(builtin[a.ID], builtin[b.ID]), strings.Compare(a.Name, b.Name))
	})
	return rows
}
