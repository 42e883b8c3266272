//go:build e2e && linux

package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/model"
)

// bus is a session bus of its own with what a desktop has on it: something that shows tray icons, and something that shows
// notifications.
type bus struct {
	t       *testing.T
	address string
	conn    *dbus.Conn

	mu      sync.Mutex
	items   []dbus.BusObject // tray icons
	notices []string
	news    chan struct{}
}

func newBus(t *testing.T) *bus {
	t.Helper()
	need(t, "dbus-daemon")
	b := &bus{t: t, news: make(chan struct{}, 1)}
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("dbus-daemon names no address: %v", err)
	}
	b.address = strings.TrimSpace(line)
	if b.conn, err = dbus.Connect(b.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.conn.Close() })
	b.export(watcherStub{b}, "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher")
	if _, err := prop.Export(b.conn, "/StatusNotifierWatcher", prop.Map{"org.kde.StatusNotifierWatcher": {
		"IsStatusNotifierHostRegistered": {Value: true}, "ProtocolVersion": {Value: int32(0)}, "RegisteredStatusNotifierItems": {Value: []string{}},
	}}); err != nil {
		t.Fatal(err)
	}
	b.export(noticeStub{b}, "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
	return b
}

func (b *bus) export(v any, path dbus.ObjectPath, name string) {
	b.t.Helper()
	if err := b.conn.Export(v, path, name); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bus) change(f func()) {
	b.mu.Lock()
	f()
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

type watcherStub struct{ b *bus }

// RegisterStatusNotifierItem is called by programs that have an icon.
func (w watcherStub) RegisterStatusNotifierItem(service string, sender dbus.Sender) *dbus.Error {
	path := dbus.ObjectPath("/StatusNotifierItem")
	if strings.HasPrefix(service, "/") {
		path = dbus.ObjectPath(service)
	}
	w.b.change(func() { w.b.items = append(w.b.items, w.b.conn.Object(string(sender), path)) })
	return nil
}

type noticeStub struct{ b *bus }

// Notify is called by programs that have something to say.
func (n noticeStub) Notify(_ string, _ uint32, _, title, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	n.b.change(func() { n.b.notices = append(n.b.notices, title+": "+body) })
	return 1, nil
}

// until waits until f is content; what it asks may change without news.
func (b *bus) until(what string, f func() bool) {
	b.t.Helper()
	end := time.After(20 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		b.mu.Lock()
		ok := f()
		notices := slices.Clone(b.notices)
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-b.news:
		case <-tick.C:
		case <-end:
			b.t.Fatalf("no %s; notices %q", what, notices)
		}
	}
}

// pixmap is the icon that is shown.
func (b *bus) pixmap() string {
	v, err := b.items[0].GetProperty("org.kde.StatusNotifierItem.IconPixmap")
	if err != nil {
		return ""
	}
	return fmt.Sprint(v.Value())
}

// menu are the labels of the icon's menu with their numbers.
func (b *bus) menu() map[string]int32 {
	items := map[string]int32{}
	menu := b.conn.Object(b.items[0].Destination(), "/StatusNotifierMenu")
	var revision uint32
	var root struct {
		ID       int32
		Props    map[string]dbus.Variant
		Children []dbus.Variant
	}
	if err := menu.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root); err != nil {
		return items
	}
	for _, c := range root.Children {
		var item struct {
			ID       int32
			Props    map[string]dbus.Variant
			Children []dbus.Variant
		}
		if err := dbus.Store([]any{c.Value()}, &item); err == nil {
			if label, ok := item.Props["label"].Value().(string); ok {
				items[label] = item.ID
			}
		}
	}
	return items
}

func (b *bus) choose(label string) {
	b.t.Helper()
	var id int32
	defer func() {
		if b.t.Failed() {
			b.t.Logf("the menu has %v", b.menu())
		}
	}()
	b.until("menu item "+label, func() (ok bool) { id, ok = b.menu()[label]; return ok })
	menu := b.conn.Object(b.items[0].Destination(), "/StatusNotifierMenu")
	if err := menu.Call("com.canonical.dbusmenu.Event", 0, id, "clicked", dbus.MakeVariant(0), uint32(0)).Err; err != nil {
		b.t.Fatalf("choose %s: %v", label, err)
	}
}

// TestTray has the app on a session bus with a tray: its icon follows the engine's state, its menu acts, and what is worth
// it becomes a notification.
func TestTray(t *testing.T) {
	session := newBus(t)
	engine := newBench(t)
	engine.docker.Set(fake.Containers(), fake.Images())
	d := startAt(t, engine.home, 1024, 700, busVar+session.address)
	d.see("Running now", 30*time.Second)

	session.until("tray icon", func() bool { return len(session.items) > 0 })
	icons := map[string]string{}
	note := func(state string) {
		t.Helper()
		session.until("new icon of an engine that is "+state, func() bool {
			now := session.pixmap()
			for _, other := range icons {
				if other == now {
					return false
				}
			}
			icons[state] = now
			return now != ""
		})
	}
	note("running")
	link := model.TrayOf(fake.Scene("running")).Links[0]
	session.choose(link.Label)
	if url := d.browsed(20 * time.Second); url != link.URL {
		t.Errorf("%s opens %s", link.Label, url)
	}
	session.choose("Put the engine to sleep")
	session.until("sleep", func() bool { return slices.Contains(engine.engine.Calls(), "stop suspend") })
	note("asleep")
	session.choose("Wake the engine")
	d.see("Running now", 20*time.Second)

	engine.engine.Put(func(s *app.Snapshot) { s.State, s.Stage = app.StateStopping, "stopping containers" })
	note("starting") // or stopping: it is busy
	engine.engine.Put(func(s *app.Snapshot) {
		s.State, s.LastError = app.StateFailed, &app.ErrorInfo{Message: "the machine ended", Hint: "start it again"}
	})
	note("failed")
	session.until("notification", func() bool { return slices.Contains(session.notices, "The engine failed: the machine ended") })
	session.choose("Open Wherry")
	session.choose("Start the engine again")
	session.until("start", func() bool { return len(engine.engine.Calls()) >= 4 })
	session.until("notification", func() bool {
		return slices.Contains(session.notices, "The engine is running: Containers can be used now.")
	})
	session.choose("Stop the engine")
	note("stopped")
	session.choose("Quit")
	d.ended(20 * time.Second)
}
