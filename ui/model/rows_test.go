package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/model"
)

func names(rows []model.Row) string {
	var out []string
	for _, r := range rows {
		if r.Head {
			out = append(out, "["+r.Project+"]")
		} else {
			out = append(out, r.Name)
		}
	}
	return strings.Join(out, " ")
}

func TestRows(t *testing.T) {
	l := model.Lists{Containers: fake.Containers(), Stats: fake.StatsOf(fake.Containers(), 1)}
	for _, c := range []struct {
		name string
		q    model.Query
		want string
	}{
		{"all, grouped, single ones last", model.Query{}, "[blog] mariadb-1 wordpress-1 [shop] api-1 db-1 web-1 worker-1 mailpit redis scratch"},
		{"running", model.Query{Filter: model.FilterRunning}, "[blog] mariadb-1 wordpress-1 [shop] api-1 db-1 web-1 mailpit redis"},
		{"stopped", model.Query{Filter: model.FilterStopped}, "[shop] worker-1 scratch"},
		{"by image", model.Query{Text: "shop-api"}, "[shop] api-1 worker-1"},
		{"by port", model.Query{Text: "8443"}, "[shop] web-1"},
		{"two words in any order", model.Query{Text: "running POSTGRES"}, "[shop] db-1"},
		{"nothing", model.Query{Text: "no such thing"}, ""},
		{"folded", model.Query{Collapsed: map[string]bool{"shop": true}}, "[blog] mariadb-1 wordpress-1 [shop] mailpit redis scratch"},
		{"backwards", model.Query{Desc: true}, "[blog] wordpress-1 mariadb-1 [shop] worker-1 web-1 db-1 api-1 scratch redis mailpit"},
		{"by state", model.Query{Sort: model.ByState}, "[blog] mariadb-1 wordpress-1 [shop] api-1 db-1 web-1 worker-1 redis mailpit scratch"},
	} {
		if got := names(model.Rows(l, c.q, fake.Epoch())); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestRowsSortByUse(t *testing.T) {
	l := model.Lists{Containers: fake.Many(50), Stats: fake.StatsOf(fake.Many(50), 3)}
	for _, by := range []model.SortBy{model.ByCPU, model.ByMemory} {
		last := map[string]float64{}
		for _, r := range model.Rows(l, model.Query{Sort: by}, fake.Epoch()) {
			if r.Head {
				continue
			}
			project := ""
			for _, c := range l.Containers {
				if c.ID == r.ID {
					project = c.Project
				}
			}
			v := l.Stats[r.ID].CPU
			if by == model.ByMemory {
				v = float64(l.Stats[r.ID].Memory)
			}
			if was, ok := last[project]; ok && v > was {
				t.Errorf("by %s: %s comes after a smaller one", by, r.Name)
			}
			last[project] = v
		}
	}
}

func TestActions(t *testing.T) {
	for state, want := range map[string]model.Actions{
		"running":  {Stop: true, Restart: true, Pause: true, Kill: true, Remove: true, Exec: true},
		"paused":   {Stop: true, Unpause: true, Kill: true, Remove: true},
		"exited":   {Start: true, Remove: true},
		"created":  {Start: true, Remove: true},
		"dead":     {Start: true, Remove: true},
		"removing": {},
	} {
		if got := model.ActionsOf(model.Container{State: state}); got != want {
			t.Errorf("%s: %+v", state, got)
		}
	}
}

func TestTone(t *testing.T) {
	for _, c := range []struct {
		c    model.Container
		want model.Tone
	}{
		{model.Container{State: "running"}, model.Good},
		{model.Container{State: "running", Health: "unhealthy"}, model.Bad},
		{model.Container{State: "running", Health: "starting"}, model.Warn},
		{model.Container{State: "exited", Status: "Exited (0) 1 hour ago"}, model.Neutral},
		{model.Container{State: "exited", Status: "Exited (137) 1 hour ago"}, model.Neutral},
		{model.Container{State: "exited", Status: "Exited (1) 1 hour ago"}, model.Bad},
	} {
		if got := model.ToneOf(c.c); got != c.want {
			t.Errorf("%+v: %v, want %v", c.c, got, c.want)
		}
	}
}

func TestPorts(t *testing.T) {
	for _, c := range []struct {
		p          model.Port
		label, url string
	}{
		{model.Port{HostIP: "0.0.0.0", HostPort: 8080, Port: 80, Proto: "tcp"}, "8080:80", "http://localhost:8080"},
		{model.Port{HostIP: "::1", HostPort: 8443, Port: 443, Proto: "tcp"}, "8443:443", "https://localhost:8443"},
		{model.Port{HostIP: "192.168.1.5", HostPort: 81, Port: 80, Proto: "tcp"}, "81:80", "http://192.168.1.5:81"},
		{model.Port{HostIP: "fd00::5", HostPort: 81, Port: 80, Proto: "tcp"}, "81:80", "http://[fd00::5]:81"},
		{model.Port{HostPort: 5432, Port: 5432, Proto: "tcp"}, "5432:5432", ""},
		{model.Port{HostPort: 53, Port: 53, Proto: "udp"}, "53:53/udp", ""},
		{model.Port{Port: 80, Proto: "tcp"}, "80", ""},
	} {
		if got := c.p.Label(); got != c.label {
			t.Errorf("label %q, want %q", got, c.label)
		}
		if got := c.p.URL(); got != c.url {
			t.Errorf("%+v: url %q, want %q", c.p, got, c.url)
		}
	}
	twins := []model.Port{{HostIP: "::", HostPort: 80, Port: 80, Proto: "tcp"}, {Port: 443, Proto: "tcp"}, {HostIP: "0.0.0.0", HostPort: 80, Port: 80, Proto: "tcp"}, {HostPort: 22, Port: 22, Proto: "tcp"}}
	if got := model.Published(twins); len(got) != 2 || got[0].HostPort != 22 {
		t.Errorf("published: %+v", got)
	}
}

func TestUptime(t *testing.T) {
	now := fake.Epoch()
	for status, want := range map[string]string{
		"Up Less than a second": "under a minute", "Up 42 seconds": "under a minute", "Up About a minute": "1 minute", "Up 5 minutes (healthy)": "5 minutes",
		"Up About an hour": "1 hour", "Up 2 weeks": "14 days", "Created": "Created",
	} {
		c := model.Container{State: "running", Status: status, Since: model.SinceOf(status, now)}
		if got := model.Uptime(c, now); got != want {
			t.Errorf("%q: %q, want %q", status, got, want)
		}
	}
	c := model.Container{State: "exited", Status: "Exited (3) 5 seconds ago", Since: model.SinceOf("Exited (3) 5 seconds ago", now)}
	if got := model.Uptime(c, now.Add(3*time.Minute)); got != "Exited (3) 3 minutes ago" {
		t.Errorf("three minutes later: %q", got)
	}
}

func TestLoss(t *testing.T) {
	db := model.Container{State: "running", Mounts: []model.Mount{{Type: "volume", Name: "data"}, {Type: "bind"}}}
	want := "It is running and will be killed. Files written inside the container are lost. 1 volume stays and can be attached to a new container."
	if got := model.Loss([]model.Container{db}); got != want {
		t.Errorf("one: %q", got)
	}
	if got := model.Loss([]model.Container{{State: "exited"}, {State: "exited"}}); got != "Files written inside the containers are lost." {
		t.Errorf("two: %q", got)
	}
}

func TestObjects(t *testing.T) {
	s := fake.Scene("running")
	ims := model.ImageRows(s.Docker, "", s.Now)
	if last := ims[len(ims)-1]; !last.Dangling || last.Name != "<none>" {
		t.Errorf("the last image is %+v, want the one without a name", last)
	}
	if i := slices.IndexFunc(ims, func(r model.ImageRow) bool { return len(r.UsedBy) == 0 }); slices.ContainsFunc(ims[i:], func(r model.ImageRow) bool { return len(r.UsedBy) > 0 }) {
		t.Error("images in use do not come first")
	}
	n, bytes := model.Unused(s.Docker, false)
	m, more := model.Unused(s.Docker, true)
	if n != 1 || bytes != 213<<20 || m <= n || more <= bytes {
		t.Errorf("unused: %d %d, all %d %d", n, bytes, m, more)
	}
	vols := model.VolumeRows(s.Docker, "", s.Now)
	if got := fmt.Sprint(vols[0].Name, vols[0].UsedBy, vols[1].UsedBy); got != "blog_db[blog-mariadb-1] []" {
		t.Errorf("volumes: %s", got)
	}
	nets := model.NetworkRows(s.Docker, "")
	if nets[0].Name != "shop_default" || !nets[0].Removable || nets[1].Removable {
		t.Errorf("networks: %+v", nets)
	}
	for ref, want := range map[string]string{"nginx": "nginx latest", "nginx:1": "nginx 1", "reg:5000/a/b": "reg:5000/a/b latest", "reg:5000/a/b:x": "reg:5000/a/b x"} {
		if name, tag := model.SplitRef(ref); name+" "+tag != want {
			t.Errorf("%s: %s %s", ref, name, tag)
		}
	}
}
