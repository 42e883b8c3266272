package model_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/model"
)

func TestRunForm(t *testing.T) {
	taken := []model.Container{{Name: "web", State: "running", Ports: []model.Port{{HostPort: 8080, Port: 80, Proto: "tcp"}}}}
	good := model.RunForm{Image: "nginx"}
	for _, c := range []struct {
		name, field, want string
		change            func(*model.RunForm)
	}{
		{"fine", "", "", func(*model.RunForm) {}},
		{"no image", "image", "name an image, for example nginx or postgres:17", func(f *model.RunForm) { f.Image = "" }},
		{"capitals", "image", "image names are in lower case: “nginx”", func(f *model.RunForm) { f.Image = "Nginx" }},
		{"blanks", "image", "“my image” is not an image name; write it like nginx or ghcr.io/team/app:1.2", func(f *model.RunForm) { f.Image = "my image" }},
		{"registry", "", "", func(f *model.RunForm) { f.Image = "Reg.example.com:5000/team/app:V1.2_x" }},
		{"digest", "", "", func(f *model.RunForm) {
			f.Image = "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		}},
		{"name exists", "name", "a container named “web” exists already", func(f *model.RunForm) { f.Name = "web" }},
		{"bad name", "name", "use at least two letters, digits, dots, dashes or underscores, beginning with a letter or digit", func(f *model.RunForm) { f.Name = "-x" }},
		{"quote", "command", "a quote is not closed", func(f *model.RunForm) { f.Command = `sh -c "a` }},
		{"port words", "ports", "“http” is not a port; write 8080:80, 127.0.0.1:8080:80 or 53:53/udp", func(f *model.RunForm) { f.Ports = "http" }},
		{"port high", "ports", "70000 is not a port; ports are 1 to 65535", func(f *model.RunForm) { f.Ports = "70000:80" }},
		{"port zero", "ports", "0 is not a port; ports are 1 to 65535", func(f *model.RunForm) { f.Ports = "8080:0" }},
		{"protocol", "ports", "“icmp” is not a protocol; use tcp or udp", func(f *model.RunForm) { f.Ports = "80:80/icmp" }},
		{"address", "ports", "“host” is not an address", func(f *model.RunForm) { f.Ports = "host:80:80" }},
		{"port used", "ports", "port 8080 is used by “web”", func(f *model.RunForm) { f.Ports = "8080:80" }},
		{"port free for udp", "", "", func(f *model.RunForm) { f.Ports = "8080:80/udp" }},
		{"port twice", "ports", "port 81 is listed twice", func(f *model.RunForm) { f.Ports = "81:80\n\n 81:90 " }},
		{"ipv6", "", "", func(f *model.RunForm) { f.Ports = "[::1]:81:80" }},
		{"no path", "volumes", "“data” is not a volume; write name:/path or /host/folder:/path", func(f *model.RunForm) { f.Volumes = "data" }},
		{"relative", "volumes", "“srv” must be a full path in the container, such as /data", func(f *model.RunForm) { f.Volumes = "data:srv" }},
		{"root", "volumes", "nothing can be mounted at / itself", func(f *model.RunForm) { f.Volumes = "data:/" }},
		{"relative host", "volumes", "“./x” is neither a volume's name nor a full path", func(f *model.RunForm) { f.Volumes = "./x:/y" }},
		{"option", "volumes", "“rx” is not an option; use ro or rw", func(f *model.RunForm) { f.Volumes = "data:/y:rx" }},
		{"windows folder", "", "", func(f *model.RunForm) { f.Volumes = `C:\Users\me:/srv:ro` }},
		{"env", "env", "“just words” is not KEY=value", func(f *model.RunForm) { f.Env = "A=1\njust words" }},
		{"restart and remove", "restart", "a container that is removed when it ends cannot restart", func(f *model.RunForm) { f.Restart, f.AutoRemove = "always", true }},
	} {
		f := good
		c.change(&f)
		_, bad := f.Check(taken)
		if c.field == "" && len(bad) > 0 || c.field != "" && (len(bad) != 1 || bad[c.field] != c.want) {
			t.Errorf("%s: %v, want %q at %q", c.name, bad, c.want, c.field)
		}
	}
}

func TestRunFormResult(t *testing.T) {
	f := model.RunForm{Image: " nginx ", Command: `sh -c 'echo "a b"; ls' x\ y`, Ports: "127.0.0.1:81:80\n53/udp", Volumes: "dd:/d", Env: "A=1=2\nB="}
	r, bad := f.Check(nil)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if want := []string{"sh", "-c", `echo "a b"; ls`, "x y"}; !slices.Equal(r.Command, want) {
		t.Errorf("command %q, want %q", r.Command, want)
	}
	if want := []model.Port{{HostIP: "127.0.0.1", HostPort: 81, Port: 80, Proto: "tcp"}, {Port: 53, Proto: "udp"}}; !slices.Equal(r.Ports, want) {
		t.Errorf("ports %+v", r.Ports)
	}
	if r.Image != "nginx" || r.Restart != "no" || !slices.Equal(r.Env, []string{"A=1=2", "B="}) || !slices.Equal(r.Binds, []string{"dd:/d"}) {
		t.Errorf("run %+v", r)
	}
}

func TestNamesAndSubnets(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{model.CheckVolumeName("data", []string{"other"}), ""},
		{model.CheckVolumeName("", nil), "give it a name"},
		{model.CheckVolumeName("a", []string{"a"}), "“a” exists already"},
		{model.CheckSubnet(""), ""},
		{model.CheckSubnet("172.30.0.0/16"), ""},
		{model.CheckSubnet("172.30.1.0/16"), "the subnet of 172.30.1.0/16 is 172.30.0.0/16"},
		{model.CheckSubnet("x"), "“x” is not a subnet; write it like 172.30.0.0/16"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestSettingsSections(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range model.SettingsSections() {
		if s.Title == "" || s.Text == "" || len(s.Keys) == 0 {
			t.Errorf("%+v", s)
		}
		for _, k := range s.Keys {
			seen[k.Name] = true
			if k.Title == "" || k.Kind == "" || model.SettingHelp(k, app.Host{}) == "" {
				t.Errorf("the window cannot show %+v", k)
			}
		}
	}
	for _, name := range app.KeyNames() {
		if !seen[name] {
			t.Errorf("%s is in no group that the window shows", name)
		}
	}
	for in, want := range map[string]string{"15m0s": "15m", "1h0m0s": "1h", "1h30m0s": "1h30m", "10s": "10s", "off": "off", "1m30s": "1m30s"} {
		if got := model.ShortDuration(in); got != want {
			t.Errorf("%s is shown as %s", in, got)
		}
	}
}

func TestSettingsForm(t *testing.T) {
	h := app.Host{CPUs: 4, Memory: 8 << 30, Drivers: []string{"qemu"}}
	f := model.SettingsForm{Host: h, Saved: app.DefaultSettings(h)}
	f.Change("memory", "2GiB")
	if len(f.Changes()) != 0 {
		t.Errorf("what holds already is a change: %v", f.Changes())
	}
	f.Change("cpus", "9")
	f.Change("memory", "lots")
	bad := f.Check()
	if len(bad) != 2 || bad["cpus"].Hint != "set cpus to 4 or less" || bad["memory"].Message != `"lots" is not a size` {
		t.Errorf("%+v", bad)
	}
	if got := f.Pending(bad); got != "To be corrected: Processors, Memory" {
		t.Errorf("pending: %q", got)
	}
	f.Change("memory", "2048m") // the same in other words
	f.Change("cpus", "3")
	if got := f.Pending(f.Check()); got != "1 change not applied yet" || f.Changed("memory") {
		t.Errorf("pending: %q", got)
	}
	small := model.SettingsForm{Host: app.Host{CPUs: 1, Memory: 8 << 30, Drivers: []string{"qemu"}}, Saved: f.Saved}
	small.Change("accel", "tcg")
	if bad := small.Check(); len(bad) != 0 {
		t.Errorf("the accelerator is blamed for the processors: %+v", bad["accel"])
	}
	small.Change("accel", "steam")
	small.Change("cpus", "2")
	if bad := small.Check(); bad["cpus"] == nil {
		t.Errorf("a change that is wrong: %+v", bad)
	}
	key, info, ok := f.Blame(&app.Error{Op: "set cpus", Err: errors.New("no"), Next: "try 2"})
	if !ok || key != "cpus" || info.Message != "no" || info.Hint != "try 2" {
		t.Errorf("blamed %q %+v", key, info)
	}
	if _, info, ok = f.Blame(errors.New("the disk is full")); ok || info.Message != "the disk is full" {
		t.Errorf("an error of no key is blamed: %+v", info)
	}
	f.Change("disk", "8GiB")
	if f.Check()["disk"] == nil {
		t.Error("the disk may shrink")
	}
	f.Reset(f.Saved)
	if len(f.Check()) != 0 {
		t.Error("changes stay after a reset")
	}
	steps := model.WithStep(model.MemorySteps(h), 1300<<20)
	if steps[0] != app.MinMemory || steps[len(steps)-1] != 8<<30 || steps[model.Nearest(steps, 1301<<20)] != 1300<<20 {
		t.Errorf("steps %v", steps)
	}
	if d := model.DiskSteps(100 << 30); d[0] != 100<<30 || d[1] != 128<<30 {
		t.Errorf("disk steps %v", d)
	}
}
