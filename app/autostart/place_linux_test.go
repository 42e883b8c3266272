package autostart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/adrg/xdg"

	"github.com/wherry-app/wherry/app/autostart"
)

func TestSet(t *testing.T) {
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	e := autostart.Entry{Program: "/usr/bin/wherry", Home: "/data"}
	for range 2 {
		if err := e.Set(true); err != nil {
			t.Fatal(err)
		}
		where, on := e.Enabled()
		if text, err := os.ReadFile(where); !on || err != nil || string(text) != e.Unit() || filepath.Dir(filepath.Dir(where)) != filepath.Join(config, "systemd", "user") {
			t.Errorf("%s, %v, %v: %s", where, on, err, text)
		}
	}
	for range 2 {
		if err := e.Set(false); err != nil {
			t.Fatal(err)
		}
		if _, on := e.Enabled(); on {
			t.Error("still on")
		}
	}
	if left, err := filepath.Glob(filepath.Join(config, "systemd", "user", "*.service")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}
