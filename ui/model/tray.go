package model

import "github.com/wherry-app/wherry/app"

// Tray is what the icon beside the clock shows.
type Tray struct {
	// Icon is stopped, starting, running, asleep or failed.
	Icon string
	// Title is the line at the menu's top.
	Title string
	// Action is the engine's next action and its label; empty if there is none now.
	Action, ActionLabel string
	// CanSleep says that the engine can be put to sleep.
	CanSleep bool
	// Links are running containers with a page to open, at most ten.
	Links []TrayLink
}

// TrayLink opens a container's page.
type TrayLink struct{ Label, URL string }

// TrayOf derives the tray.
func TrayOf(s State) Tray {
	e := EngineOf(s)
	t := Tray{Icon: "stopped", Title: "Wherry: " + e.Label}
	switch {
	case e.Busy:
		t.Icon = "starting"
	case e.Running:
		t.Icon = "running"
	case s.Engine.State == app.StateSuspended:
		t.Icon = "asleep"
	case s.Engine.State == app.StateFailed:
		t.Icon = "failed"
	}
	if e.Enabled {
		t.Action, t.ActionLabel = e.Action, e.ActionLabel()
	}
	t.CanSleep = e.CanSleep
	for _, c := range s.Docker.Containers {
		for _, p := range Published(c.Ports) {
			if url := p.URL(); url != "" && c.State == "running" && len(t.Links) < 10 {
				t.Links = append(t.Links, TrayLink{Label: Shorten(c.Name, 32) + "  " + p.Address(), URL: url})
			}
		}
	}
	return t
}

// Shorten cuts s to n runes, the last of them an ellipsis.
func Shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
