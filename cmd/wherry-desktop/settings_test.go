//go:build e2e

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/wherry-app/wherry/ui/fake"
)

// TestSettingsAndHelp changes a setting, checks the computer, saves a diagnosis and has the engine sleep and wake, by X events
// on an engine that only says it is one.
func TestSettingsAndHelp(t *testing.T) {
	engine := newBench(t)
	engine.docker.Set(fake.Containers(), fake.Images())
	if _, err := engine.engine.Set(t.Context(), map[string]string{"cpus": "1"}); err != nil {
		t.Fatal(err)
	}
	d := startAt(t, engine.home, 1280, 800)
	d.see("Running now", 60*time.Second)
	d.click("rail", "Settings")
	d.keys("ctrl+k") // a setting by its name
	d.typed("published ports")
	d.keys("Return")
	d.see("Where -p 8080:80 answers", 20*time.Second)
	d.click("text", "loopback")
	d.click("text", "all")
	d.click("button", "Apply")
	d.see("Saved.", 20*time.Second)
	d.shot("settings-network")

	d.click("rail", "Help")
	d.click("button", "Check-up")
	d.see("Check again", 30*time.Second)
	d.see("Hypervisor", time.Minute)
	d.shot("checkup")
	d.click("button", "Save a diagnosis…")
	d.click("button", "Save")
	d.see("The diagnosis is in", time.Minute)
	d.shot("diagnosis")

	d.click("rail", "Home")
	d.click("button", "Sleep")
	d.see("Asleep", time.Minute)
	d.shot("asleep")
	d.click("button", "Wake")
	d.see("containers running", 2*time.Minute)
	want := []string{"start", "set map[cpus:1]", "set map[bind:all]", "stop suspend", "start"}
	if got := engine.engine.Calls(); !slices.Equal(got, want) {
		t.Errorf("the engine was asked for %q, want %q", got, want)
	}
	d.keys("ctrl+q")
	d.ended(20 * time.Second)
}
