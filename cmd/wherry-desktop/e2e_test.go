//go:build e2e

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDesktop goes through a day with the app, by real X events on a real engine.
func TestDesktop(t *testing.T) {
	d := start(t, 1280, 800)

	d.see("Stopped", 20*time.Second)
	d.shot("stopped")
	d.click("button", "Start")
	d.see("Starting", 10*time.Second)
	d.shot("starting")
	d.see("Running", 4*time.Minute)
	d.shot("running")

	d.click("rail", "Images")
	d.click("button", "Load…")
	d.click("", "box") // the dialog shows the name without its end
	d.shot("load")
	d.click("button", "Open")
	d.see("not in use", time.Minute)
	d.shot("images")

	d.click("button", "Run…")
	d.see("a name from the list, or one to pull", 5*time.Second)
	d.into("chosen by docker", "web server") // a blank is wrong: the field says so
	d.see("Use at least two letters, digits, dots, dashes or underscores, beginning with a letter or digit", 5*time.Second)
	d.shot("run-error")
	d.keys("ctrl+a")
	d.typed("web")
	d.into("as the image says", `sh -c "echo ready to serve; exec httpd -f -v -p 80 -h /www"`)
	d.into("8080:80", "18473:80")
	d.shot("run")
	d.click("button", "Run")

	d.see("ready to serve", time.Minute)
	d.shot("logs")
	d.click("button", "Terminal")
	d.see(" #", 20*time.Second)
	d.typed("echo $((6*7))x; ls /\n")
	d.see("42x", 20*time.Second)
	d.shot("terminal")

	d.click("link", "18473:80")
	url := d.browsed(20 * time.Second)
	if url != "http://localhost:18473" {
		t.Fatalf("the browser was sent to %q", url)
	}
	if body := get(t, url); !strings.Contains(body, "hello from the box") {
		t.Fatalf("%s answers %q", url, body)
	}

	d.click("button", "Stop")
	d.see("exited", time.Minute)
	d.click("button", "Remove")
	d.see("Files written inside the container are lost.", 5*time.Second)
	d.shot("remove")
	d.click("button", "Remove")
	d.see("removed", time.Minute)
	d.click("button", "Containers")
	d.see("No containers yet", 20*time.Second)
	d.shot("removed")

	d.copyVolumes()

	d.click("rail", "Settings")
	d.click("entry", d.memory()+"|")
	d.keys("ctrl+a")
	d.typed("12")
	d.see("12 B of memory are too little to run docker. Set memory to 512MiB or more", 5*time.Second)
	d.shot("settings-error")
	d.keys("ctrl+a")
	d.typed("1GiB")
	d.click("button", "Apply")
	d.see("Saved. Memory holds from the engine's next start on.", 20*time.Second)
	d.shot("settings")
	if got := d.wherry("settings", "get", "memory"); strings.TrimSpace(got) != "1GiB" {
		t.Fatalf("wherry settings get memory = %q", got)
	}
	d.keys("ctrl+k")
	d.typed("home")
	d.shot("search")
	d.keys("Return")
	d.see("Processor", 5*time.Second)

	d.keys("ctrl+q")
	d.ended(20 * time.Second)
	if got := d.wherry("status", "--json"); !strings.Contains(got, `"state": "running"`) {
		t.Fatalf("the engine does not run any more after the window was closed:\n%s", got)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestScreenshots makes the pictures for the documentation from a real run: set SHOTS to the folder they go to.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		t.Skip("SHOTS names no folder: `make screenshots` does")
	}
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			d := start(t, 1180, 760, fmt.Sprintf(`{"theme":%q,"width":1180,"height":760}`, theme))
			d.shots, d.plain = dir, true
			name := func(s string) string { return s + "-" + theme }
			d.see("Stopped", 20*time.Second)
			d.shot(name("welcome"))
			d.click("button", "Start")
			d.see("Boot Linux", time.Minute)
			d.shot(name("starting"))
			d.see("Running", 4*time.Minute)
			d.load(filepath.Join(d.home, "box.tar"))
			for i, n := range []string{"web", "api", "worker", "mail"} {
				d.docker("run", "-d", "--name", "shop-"+n+"-1", "--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service="+n,
					"-p", fmt.Sprintf("%d:80", 18081+i), "box:1", "sh", "-c", "while true; do echo $(date) "+n+" is fine; sleep 3; done")
			}
			d.docker("volume", "create", "shop-data")
			d.see("worker", time.Minute)
			d.pause(20 * time.Second) // charts need some points
			d.shot(name("home"))
			for _, p := range []string{"Containers", "Images", "Volumes", "Networks", "Settings", "Help"} {
				d.click("rail", p)
				d.pause(2 * time.Second)
				d.shot(name(strings.ToLower(p)))
			}
			d.click("rail", "Containers")
			d.click("text", "web-1")
			d.see("web is fine", 20*time.Second)
			d.shot(name("logs"))
			d.click("button", "Terminal")
			d.see(" #", 20*time.Second)
			d.typed("ls -l /\n")
			d.pause(2 * time.Second)
			d.shot(name("terminal"))
			d.click("rail", "Home") // the terminal keeps all keys to itself
			d.keys("ctrl+q")
			d.ended(20 * time.Second)
		})
	}
}
