package fake

import (
	"fmt"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/model"
)

// Epoch is the moment at which scenes happen.
func Epoch() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

// Scene makes the state of a name: running, stopped, starting, asleep, failed, lost, empty, odd.
func Scene(name string) model.State {
	s := model.State{Now: Epoch(), Engine: app.Snapshot{State: app.StateStopped, Since: Epoch().Add(-time.Hour)}}
	switch name {
	case "starting":
		s.Engine.State, s.Engine.Stage, s.Engine.Since = app.StateConnecting, "starting dockerd", Epoch().Add(-3*time.Second)
		s.Engine.Stages = []app.Stage{
			{Name: "image", Start: 0, Duration: 420 * time.Millisecond},
			{Name: "disk", Start: 420 * time.Millisecond, Duration: 35 * time.Millisecond},
			{Name: "vm", Start: 455 * time.Millisecond, Duration: 310 * time.Millisecond},
			{Name: "agent", Start: 765 * time.Millisecond, Duration: 2900 * time.Millisecond},
			{Name: "docker", Start: 3665 * time.Millisecond},
		}
	case "asleep":
		s.Engine.State = app.StateSuspended
	case "failed":
		s.Engine.State = app.StateFailed
		s.Engine.LastError = &app.ErrorInfo{Message: "boot the machine: qemu-system-x86_64 ended with exit status 1: could not access KVM kernel module: Permission denied", Hint: "Add yourself to the kvm group (sudo usermod -aG kvm $USER) and log in again, or set the accelerator to tcg in Settings."}
		s.Engine.Stages = []app.Stage{{Name: "image", Duration: 410 * time.Millisecond}, {Name: "disk", Start: 410 * time.Millisecond, Duration: 31 * time.Millisecond}, {Name: "vm", Start: 441 * time.Millisecond}}
	case "lost":
		s.Engine = app.Snapshot{}
		s.Daemon = &app.ErrorInfo{Message: "the daemon is not running", Hint: "It is started again in a moment."}
	case "running", "empty", "odd":
		s.Engine = Running()
		s.Docker = model.Lists{Ready: true, Networks: Networks()}
		if name == "running" {
			s.Docker.Containers, s.Docker.Images, s.Docker.Volumes = Containers(), Images(), Volumes()
			s.Docker.Stats = StatsOf(s.Docker.Containers, 7)
		}
		if name == "odd" {
			s.Docker.Containers = Odd()
			s.Docker.Stats = StatsOf(s.Docker.Containers, 3)
		}
	}
	return s
}

// Running is the snapshot of an engine that runs.
func Running() app.Snapshot {
	return app.Snapshot{
		Seq: 42, State: app.StateRunning, Since: Epoch().Add(-2 * time.Hour), Driver: "qemu", Accel: "kvm", Uptime: 7200,
		Docker: app.Docker{Socket: "unix:///home/me/.local/share/wherry/docker.sock", Version: "26.1.5"},
		VM: app.VM{
			PID: 4242, CPUs: 4, MemoryBytes: 4 << 30, MemoryUsedBytes: 1321 << 20, MemoryCacheBytes: 402 << 20, MemoryContainersBytes: 813 << 20,
			DiskBytes: 64 << 30, DiskUsedBytes: 9 << 30, Kernel: "6.12.48", Image: "2026.3",
		},
		Daemon: app.Daemon{PID: 4000, Version: "0.3.0"},
		Ports: []app.Port{
			{Container: "shop-web-1", ContainerID: id(1), ContainerPort: 80, Proto: "tcp", HostAddress: "127.0.0.1:8080", State: app.PortOpen, BytesIn: 213 << 10, BytesOut: 42 << 20, Connections: 3},
			{Container: "shop-web-1", ContainerID: id(1), ContainerPort: 443, Proto: "tcp", State: app.PortFailed, Error: "port 8443 of this computer is taken by java (pid 812)", Hint: "stop it, or publish another port"},
		},
		Names:  &app.Names{HTTP: "127.0.0.1:80", Hosts: []app.HostName{{Host: "shop-web-1.localhost", URL: "http://shop-web-1.localhost", Container: "shop-web-1", Port: 80}}},
		Shares: []app.ShareState{{Path: "/home/me", GuestPath: "/home/me", Driver: app.ShareWherry, Ready: true}},
	}
}

func id(n int) string { return fmt.Sprintf("%064x", 0xc0ffee0000+n*7919) }

// Containers are those of a usual day.
func Containers() []model.Container {
	web := func(n int, name, image, project, service, state, status string, ports ...model.Port) model.Container {
		return model.Container{
			ID: id(n), Name: name, Image: image, ImageID: "sha256:" + id(1000+n), State: state, Status: status, Project: project, Service: service,
			Since: model.SinceOf(status, Epoch()), Created: Epoch().Add(-time.Duration(n) * time.Hour), Ports: ports, Networks: []string{"bridge"},
		}
	}
	port := func(host, inside uint16) model.Port {
		return model.Port{HostIP: "127.0.0.1", HostPort: host, Port: inside, Proto: "tcp"}
	}
	cs := []model.Container{
		web(1, "shop-web-1", "nginx:1.29-alpine", "shop", "web", "running", "Up 2 hours", port(8080, 80), port(8443, 443)),
		web(2, "shop-api-1", "ghcr.io/acme/shop-api:2.14.0", "shop", "api", "running", "Up 2 hours (healthy)", port(3000, 3000)),
		web(3, "shop-db-1", "postgres:17", "shop", "db", "running", "Up 2 hours (healthy)", port(5432, 5432)),
		web(4, "shop-worker-1", "ghcr.io/acme/shop-api:2.14.0", "shop", "worker", "exited", "Exited (1) 12 minutes ago"),
		web(5, "blog-wordpress-1", "wordpress:6.8-php8.4-apache", "blog", "wordpress", "running", "Up 35 minutes", port(8081, 80)),
		web(6, "blog-mariadb-1", "mariadb:11", "blog", "mariadb", "running", "Up 35 minutes (health: starting)"),
		web(7, "redis", "redis:8", "", "", "running", "Up 5 days", port(6379, 6379)),
		web(8, "mailpit", "axllent/mailpit:v1.27", "", "", "paused", "Up 3 hours (Paused)", port(8025, 8025)),
		web(9, "scratch", "debian:trixie-slim", "", "", "exited", "Exited (0) 2 days ago"),
	}
	cs[1].Health, cs[2].Health, cs[5].Health = "healthy", "healthy", "starting"
	cs[2].Mounts = []model.Mount{{Type: "volume", Name: "shop_db", Destination: "/var/lib/postgresql/data"}}
	cs[5].Mounts = []model.Mount{{Type: "volume", Name: "blog_db", Destination: "/var/lib/mysql"}}
	return cs
}

// Odd are containers whose names are hard to show.
func Odd() []model.Container {
	var cs []model.Container
	for i, name := range []string{
		strings.Repeat("very-long-name-", 13) + "end42", "容器-网页服务器-测试", "コンテナ.ウェブ", "컨테이너-데이터베이스", "حاوية-الويب-الرئيسية", "שרת-בדיקות", "mixed-עברית-and-English", "naïve-façade-Ünïcödé",
	} {
		cs = append(cs, model.Container{
			ID: id(500 + i), Name: name, Image: "registry.example.com:5000/" + strings.Repeat("team/", i+1) + "app:" + strings.Repeat("1.2.3-rc", 3), State: "running", Status: "Up 2 minutes", Created: Epoch(),
			Ports: []model.Port{{HostPort: uint16(8000 + i), Port: 80, Proto: "tcp"}, {HostPort: uint16(9000 + i), Port: 53, Proto: "udp"}, {HostPort: uint16(10000 + i), Port: 443, Proto: "tcp"}},
		})
	}
	return cs
}

// Many makes n containers in projects of ten.
func Many(n int) []model.Container {
	cs := make([]model.Container, 0, n)
	for i := range n {
		c := model.Container{ID: id(i), Name: fmt.Sprintf("load-%04d", i), Image: "busybox:1.37", ImageID: "sha256:" + id(9), State: "running", Status: "Up 1 minute", Created: Epoch()}
		if i%2 == 0 {
			c.Project, c.Service = fmt.Sprintf("stack-%03d", i/20), fmt.Sprintf("s%d", i%20)
		}
		if i%7 == 3 {
			c.State, c.Status = "exited", "Exited (0) 1 minute ago"
		}
		cs = append(cs, c)
	}
	return cs
}

// StatsOf makes figures for the containers that run; round changes them.
func StatsOf(cs []model.Container, round int) map[string]model.Stats {
	stats := map[string]model.Stats{}
	for i, c := range cs {
		if c.Running() {
			k := (i*37 + round*11) % 100
			stats[c.ID] = model.Stats{At: Epoch().Add(time.Duration(round) * 2 * time.Second), CPU: float64(k) / 7, Memory: int64(16+k*3) << 20, MemoryLimit: 4 << 30, NetIn: uint64(k * round * 4096), NetOut: uint64(k * round * 1024), Processes: 3 + k%9}
		}
	}
	return stats
}

// Images are those of Containers and some more.
func Images() []model.Image {
	var ims []model.Image
	seen := map[string]int{}
	for i, c := range Containers() {
		if _, ok := seen[c.Image]; ok {
			continue
		}
		seen[c.Image] = i
		ims = append(ims, model.Image{ID: c.ImageID, Tags: []string{c.Image}, Size: int64(40+i*61) << 20, Created: Epoch().Add(-time.Duration(i*9+4) * 24 * time.Hour)})
	}
	return append(ims, model.Image{ID: "sha256:" + id(2000), Size: 213 << 20, Created: Epoch().Add(-50 * 24 * time.Hour)}, model.Image{ID: "sha256:" + id(2001), Tags: []string{"hello-world:latest"}, Size: 13 << 10, Created: Epoch().Add(-400 * 24 * time.Hour)})
}

// Volumes are those of Containers and one that nobody uses.
func Volumes() []model.Volume {
	return []model.Volume{
		{Name: "shop_db", Driver: "local", Size: 412 << 20, Created: Epoch().Add(-90 * time.Hour)},
		{Name: "blog_db", Driver: "local", Size: 96 << 20, Created: Epoch().Add(-30 * time.Hour)},
		{Name: "old_cache", Driver: "local", Size: 1201 << 20, Created: Epoch().Add(-2000 * time.Hour)},
	}
}

// Networks are docker's own and one of a project.
func Networks() []model.Network {
	return []model.Network{{ID: id(1), Name: "bridge", Driver: "bridge", Subnet: "172.17.0.0/16"}, {ID: id(2), Name: "host", Driver: "host"}, {ID: id(3), Name: "none", Driver: "null"}, {ID: id(4), Name: "shop_default", Driver: "bridge", Subnet: "172.18.0.0/16"}}
}
