package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	fyneapp "fyne.io/fyne/v2/app"
	"github.com/hashicorp/go-hclog"
	"github.com/pbnjay/memory"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/welcome"
	"github.com/wherry-app/wherry/ui"
)

func main() {
	var o options
	flag.StringVar(&o.engine, "engine", "", "the wherry program; by default beside this one, else in PATH")
	flag.BoolVar(&o.noTray, "no-tray", false, "show no tray icon")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "wherry-desktop:", err)
		if hint := app.InfoOf(err).Hint; hint != "" {
			fmt.Fprintln(os.Stderr, hint)
		}
		os.Exit(1)
	}
}

type options struct {
	engine string
	noTray bool
}

func run(o options) error {
	if err := displayMissing(); err != nil {
		return err
	}
	dir, err := home.Default()
	if err != nil {
		return err
	}
	if err := dir.Check(); err != nil {
		return err
	}
	// The window's own data is small and lives long: collecting it early keeps the process small.
	debug.SetGCPercent(50)

	ctx, stop := signal.NotifyContext(context.Background(), endSignals()...)
	defer stop()
	log := hclog.New(&hclog.LoggerOptions{Name: "desktop", Level: hclog.LevelFromString(os.Getenv("WHERRY_LOG")), Output: os.Stderr})
	program := engineProgram(o.engine)
	a := fyneapp.NewWithID("app.wherry.desktop")
	var pace pacer
	pace.run(a)
	w := ui.New(ui.Config{
		App:      a,
		Quitting: pace.end,
		Service:  api.NewClient(dir),
		Launch: func(ctx context.Context) error {
			_, err := api.Launch(ctx, dir, program)
			return err
		},
		Welcome: func(ctx context.Context, socket string) (string, error) {
			return runWelcome(ctx, socket, welcome.Archive(dir, runtime.GOARCH))
		},
		Host:     app.Host{CPUs: runtime.NumCPU(), Memory: int64(memory.TotalMemory()), Drivers: drivers(), Home: homeFolder()},
		Prefs:    ui.LoadPrefs(filepath.Join(dir.Root(), "window.json")),
		Examiner: examiner{dir, program},
		OpenURL:  browser(),
		Tray:     !o.noTray && trayShown(),
		Log:      log,
	}, pace.do)
	extras(w, pace.do)
	w.Run(ctx)
	return nil
}

// homeFolder is the user's, empty if there is none.
func homeFolder() string {
	home, _ := os.UserHomeDir()
	return home
}

// engineProgram finds the wherry program.
func engineProgram(asked string) string {
	if asked != "" {
		return asked
	}
	name := "wherry" + exeSuffix
	if self, err := os.Executable(); err == nil {
		if p := filepath.Join(filepath.Dir(self), name); fileExists(p) {
			return p
		}
	}
	return name
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// browser is the program named by WHERRY_BROWSER or BROWSER, given the address; nil leaves it to the toolkit.
func browser() func(string) error {
	prog := strings.TrimSpace(os.Getenv("WHERRY_BROWSER"))
	if prog == "" {
		return nil
	}
	return func(url string) error { return runProgram(prog, url) }
}
