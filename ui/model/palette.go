package model

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wherry-app/wherry/app"
)

// Page names a page of the window.
type Page string

// The pages in the order of the rail.
const (
	PageHome       Page = "Home"
	PageContainers Page = "Containers"
	PageImages     Page = "Images"
	PageVolumes    Page = "Volumes"
	PageNetworks   Page = "Networks"
	PageServices   Page = "Services"
	PageSettings   Page = "Settings"
	PageHelp       Page = "Help"
)

// Pages are all pages that exist.
func Pages() []Page {
	return []Page{PageHome, PageContainers, PageImages, PageVolumes, PageNetworks, PageSettings, PageHelp}
}

// Entry is something that the search finds.
type Entry struct {
	// Kind is "Page", "Command", "Setting", "Container" or "Image".
	Kind, Title, Detail string
	// Key is what to open or do: a page's name, an action, a setting's name, an ID, a tag.
	Key string
}

// Entries are all that can be found in a state.
func Entries(s State) []Entry {
	var out []Entry
	for _, p := range Pages() {
		out = append(out, Entry{Kind: "Page", Title: string(p), Key: string(p)})
	}
	e := EngineOf(s)
	if e.Action != "" && e.Enabled {
		out = append(out, Entry{Kind: "Command", Title: e.ActionLabel(), Key: e.Action})
	}
	if e.CanSleep {
		out = append(out, Entry{Kind: "Command", Title: "Put the engine to sleep", Key: ActSleep})
	}
	if e.CanRestart {
		out = append(out, Entry{Kind: "Command", Title: "Restart the engine", Key: ActRestart})
	}
	if e.Running {
		out = append(out,
			Entry{Kind: "Command", Title: "Pull an image", Key: "pull"},
			Entry{Kind: "Command", Title: "Run a container", Key: "run"})
	}
	out = append(out,
		Entry{Kind: "Command", Title: "Show the engine's log", Key: "help engine"},
		Entry{Kind: "Command", Title: "Show Wherry's own log", Key: "help daemon"},
		Entry{Kind: "Command", Title: "Check this computer", Key: "help doctor"},
		Entry{Kind: "Command", Title: "Show the licences", Key: "help licences"})
	for _, k := range app.Keys() {
		out = append(out, Entry{Kind: "Setting", Title: k.Title, Detail: string(k.Group), Key: k.Name})
	}
	for _, c := range s.Docker.Containers {
		out = append(out, Entry{Kind: "Container", Title: c.Name, Detail: c.Image + " · " + c.State, Key: c.ID})
	}
	for _, im := range s.Docker.Images {
		for _, tag := range im.Tags {
			out = append(out, Entry{Kind: "Image", Title: tag, Detail: Size(im.Size), Key: tag})
		}
	}
	return out
}

// Find picks the entries that match text, the best first, at most limit. No text finds pages and commands.
func Find(entries []Entry, text string, limit int) []Entry {
	type hit struct {
		Entry
		score int
	}
	text = strings.ToLower(strings.TrimSpace(text))
	var hits []hit
	for _, e := range entries {
		if text == "" && e.Kind != "Page" && e.Kind != "Command" {
			continue
		}
		if s := score(strings.ToLower(e.Title), text); s > 0 {
			if e.Kind == "Setting" { // there are many, and they are wanted seldom
				s = (s + 2) / 3
			}
			hits = append(hits, hit{e, s})
		} else if Contains(text, e.Title, e.Detail, e.Kind) {
			hits = append(hits, hit{e, 1})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.score - a.score })
	out := make([]Entry, 0, min(len(hits), limit))
	for _, h := range hits[:min(len(hits), limit)] {
		out = append(out, h.Entry)
	}
	return out
}

// score rates how well text occurs in title as a subsequence: whole beginnings best, then word beginnings, then anything.
func score(title, text string) int {
	switch {
	case text == "":
		return 1
	case strings.HasPrefix(title, text):
		return 1000 - min(utf8.RuneCountInString(title), 500)
	case strings.Contains(title, text):
		return 400 - min(strings.Index(title, text), 200)
	}
	total, prev := 0, ' '
	rest := text
	for _, r := range title {
		if rest == "" {
			break
		}
		want, n := utf8.DecodeRuneInString(rest)
		if r == want {
			total += 2
			if !unicode.IsLetter(prev) && !unicode.IsDigit(prev) {
				total += 10
			}
			rest = rest[n:]
		}
		prev = r
	}
	if rest != "" {
		return 0
	}
	return total
}
