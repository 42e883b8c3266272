package app_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
)

func host() app.Host { return app.Host{CPUs: 4, Memory: 16 << 30, Drivers: []string{"qemu"}} }

func TestDefaultSettingsPassTheirOwnCheck(t *testing.T) {
	for _, h := range []app.Host{host(), {CPUs: 1, Memory: 2 << 30}, {CPUs: 64, Memory: 512 << 30}, {}} {
		if err := app.DefaultSettings(h).Check(h, 0); err != nil {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

func TestSettingsWith(t *testing.T) {
	base := app.DefaultSettings(host())
	for _, tt := range []struct {
		name    string
		changes map[string]string
		want    func(*app.Settings)
	}{
		{"nothing", nil, func(*app.Settings) {}},
		{"cpus", map[string]string{"cpus": " 3 "}, func(s *app.Settings) { s.CPUs = 3 }},
		{"memory", map[string]string{"memory": "6GiB"}, func(s *app.Settings) { s.Memory = 6 << 30 }},
		{"memory in bytes", map[string]string{"memory": "1073741824"}, func(s *app.Settings) { s.Memory = 1 << 30 }},
		{"several", map[string]string{"disk": "100g", "accel": "tcg", "driver": "qemu"}, func(s *app.Settings) { s.Disk, s.Accel, s.Driver = 100<<30, "tcg", "qemu" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := base
			tt.want(&want)
			got, err := base.With(tt.changes, host(), 0)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestSettingsWithRefusesAndNamesTheNextAction(t *testing.T) {
	base := app.DefaultSettings(host())
	const diskNow = 64 << 30
	for _, tt := range []struct{ key, value, message, hint string }{
		{"cpus", "0", "at least one processor", "1 or more"},
		{"cpus", "five", "not a number", "whole number"},
		{"cpus", "5", "more than the 4 this host has", "4 or less"},
		{"memory", "17GiB", "more than the 16 GiB", "4GiB"},
		{"memory", "100MiB", "too little", "512MiB"},
		{"memory", "-1", "not a size", "like 4GiB"},
		{"memory", "lots", "not a size", "like 4GiB"},
		{"disk", "1GiB", "too small", "2GiB"},
		{"disk", "63GiB", "cannot shrink", "64GiB or more"},
		{"driver", "bhyve", "unknown driver", "auto, qemu"},
		{"accel", "warp", "unknown accelerator", "kvm"},
		{"names_port", "0", "no port", "65535"},
		{"docker_context", "maybe", "cannot be", "auto, on, off"},
		{"second_socket", "open", "cannot be", "readonly"},
		{"http_proxy", "ftp://p", "no proxy", "http://proxy"},
		{"https_proxy", "http://", "no proxy", "http://proxy"},
		{"registry_mirrors", "mirror", "no address", "https://"},
		{"insecure_registries", "http://r", "no registry", "10.0.0.0/8"},
		{"ca_dir", "certs", "whole path", "whole path"},
		{"ca_dir", "/no/such/folder", "no folder", "ca_dir"},
		{"subnet", "8.8.8.0/24", "no network", "10.99.0.0/24"},
		{"subnet", "10.0.0.0/8", "no network", "/16"},
		{"subnet", "10.0.0.1/24", "no network", "10.99.0.0/24"},
		{"bind", "lan", "cannot be bound", "loopback or all"},
		{"colour", "blue", "unknown setting", "cpus, memory"},
	} {
		t.Run(tt.key+"="+tt.value, func(t *testing.T) {
			got, err := base.With(map[string]string{tt.key: tt.value}, host(), diskNow)
			info := app.InfoOf(err)
			if info == nil || !strings.Contains(info.Message, strings.ReplaceAll(tt.message, "16 GiB", "16GiB")) || !strings.Contains(info.Hint, tt.hint) {
				t.Errorf("got %+v, want %q and a hint with %q", info, tt.message, tt.hint)
			}
			if !reflect.DeepEqual(got, base) {
				t.Errorf("settings were changed: %+v", got)
			}
		})
	}
}

func TestSettingsWithIsAllOrNothing(t *testing.T) {
	base := app.DefaultSettings(host())
	got, err := base.With(map[string]string{"cpus": "2", "memory": "99GiB"}, host(), 0)
	if err == nil || !reflect.DeepEqual(got, base) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestKeysReadWhatTheyWrite(t *testing.T) {
	s := app.DefaultSettings(host())
	s.CPUs, s.Memory, s.Disk, s.Driver, s.Accel = 3, 3<<30+512<<20, 65<<30, "qemu", "tcg"
	s.Names, s.NamesPort, s.DockerContext, s.SecondSocket = false, "8088", app.Off, app.SocketAudit
	s.HTTPProxy, s.HTTPSProxy, s.NoProxy, s.ContainerProxy = "http://p:1", app.Off, "a,b", true
	s.Bind = app.BindAll
	s.Shares = []string{t.TempDir()}
	s.CADir, s.HostCA, s.RegistryMirrors, s.InsecureRegistries, s.Subnet = t.TempDir(), true, []string{"https://m"}, []string{"r:5000", "10.0.0.0/8"}, "10.99.0.0/24"
	changes := map[string]string{}
	for _, k := range app.Keys() {
		changes[k.Name] = k.Get(s)
	}
	got, err := app.DefaultSettings(host()).With(maps.Clone(changes), host(), 0)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("%v gave %+v, %v, want %+v", changes, got, err, s)
	}
}

func TestListsSurviveJoining(t *testing.T) {
	for _, list := range [][]string{nil, {"a"}, {"a", "b c"}, {`C:\Users\me`, "a,b", `\,`, `\\x`}} {
		if got := app.SplitList(app.JoinList(list)); !reflect.DeepEqual(got, list) {
			t.Errorf("%q is written %q and read %q", list, app.JoinList(list), got)
		}
	}
	if got := app.SplitList(" a , ,b,"); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("spaces and empty values are kept: %q", got)
	}
}

func TestSizesSurviveFormatting(t *testing.T) {
	for _, n := range []int64{0, 1, 1023, 1024, 1 << 20, 3<<30 + 1, 1536 << 20, 1 << 40} {
		got, err := app.ParseSize(app.FormatSize(n))
		if err != nil || got != n {
			t.Errorf("%d is written %q and read %d, %v", n, app.FormatSize(n), got, err)
		}
	}
}

func TestInfoOfKeepsMessageAndHintAcrossWrapping(t *testing.T) {
	inner := app.Errorf("install it", "QEMU is\nmissing")
	err := fmt.Errorf("start: %w", &app.Error{Op: "checking", Err: inner})
	info := app.InfoOf(err)
	if info.Message != "start: checking: QEMU is missing" || info.Hint != "install it" {
		t.Errorf("got %+v", info)
	}
	back := app.InfoOf(fmt.Errorf("again: %w", info.AsError()))
	if back.Message != "again: "+info.Message || back.Hint != info.Hint {
		t.Errorf("after the wire: %+v", back)
	}
	if app.InfoOf(nil) != nil || (*app.ErrorInfo)(nil).AsError() != nil {
		t.Error("no error became one")
	}
	if !errors.Is(err, inner) {
		t.Error("the cause is lost")
	}
}
