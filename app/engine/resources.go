package engine

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/vmhost/process"
)

// resources are what the VM takes of the host and of its data disk at one moment.
type resources struct {
	memory, disk int64
	host         space.Space // its zero value is not known
	guest        control.Status
	// prune says what could be removed inside, if little is left there.
	prune string
}

// measure looks at the host, and where the data disk is nearly full, asks docker what it could remove.
func (g *guest) measure(st control.Status) resources {
	r := resources{guest: st}
	r.memory, _ = process.Memory(g.info.PID) // 0 is not known
	if info, err := os.Stat(g.cfg.Home.DataDisk()); err == nil {
		r.disk = space.Allocated(info)
	}
	r.host, _ = space.Of(g.cfg.Home.Root())
	if guestFull(st.Data) && st.DockerReady {
		if time.Since(g.pruneAsked) > pruneEvery {
			g.pruneAsked = time.Now()
			g.tasks.Go(func() { // its answer is for the next status
				can := g.prunable()
				g.prune.Store(&can)
			})
		}
		if can := g.prune.Load(); can != nil {
			r.prune = *can
		}
	}
	return r
}

// pruneEvery is how often docker is asked what it could remove: it looks at all its files for that.
const pruneEvery = 5 * time.Minute

// into brings the figures and the warnings that follow from them into a snapshot.
func (r resources) into(snap *app.Snapshot) {
	m := r.guest.Memory
	snap.VM.MemoryUsedBytes, snap.VM.MemoryCacheBytes, snap.VM.MemoryContainersBytes = m.Total-m.Available, m.Cache, m.Containers
	snap.VM.DiskBytes, snap.VM.DiskUsedBytes = r.guest.Data.Total, r.guest.Data.Total-r.guest.Data.Free
	snap.VM.MemoryHostBytes, snap.VM.DiskHostBytes = r.memory, r.disk
	snap.VM.Containers = nil
	for _, c := range m.Each {
		snap.VM.Containers = append(snap.VM.Containers, app.ContainerMemory{ID: c.ID, Name: c.Name, Bytes: c.Bytes, CacheBytes: c.Cache})
	}
	snap.SetWarning(app.WarnHostDiskLow, hostDiskLow(r.host, r.disk))
	snap.SetWarning(app.WarnGuestDisk, guestDiskFull(r.guest.Data, r.prune))
}

// hostDiskLow warns before the host's disk is full.
func hostDiskLow(s space.Space, data int64) *app.ErrorInfo {
	if s.Total == 0 || s.Free >= min(2<<30, s.Total/10) {
		return nil
	}
	return app.InfoOf(app.Errorf("free space there, for example with `docker system prune`",
		"only %s are free on the disk of Wherry's data, which takes %s; when it is full, the VM is paused", app.HumanSize(s.Free), app.HumanSize(data)))
}

// guestFull says whether little is left on the data disk.
func guestFull(d control.DataDisk) bool {
	return d.Total > 0 && d.Free < min(1<<30, d.Total/20)
}

// guestDiskFull warns of a full data disk. prune is what could be removed, empty if that is not known.
func guestDiskFull(d control.DataDisk, prune string) *app.ErrorInfo {
	if !guestFull(d) {
		return nil
	}
	hint := "remove what is not needed with `docker system prune`, or `wherry settings set disk` to a larger size"
	if prune != "" {
		hint = "remove what is not needed: " + prune + "; or `wherry settings set disk` to a larger size"
	}
	return app.InfoOf(app.Errorf(hint, "the data disk is nearly full: %s of %s are left", app.HumanSize(d.Free), app.HumanSize(d.Total)))
}

// prunable asks docker what could be removed, and with which command.
func (s *session) prunable() string {
	ctx, cancel := context.WithTimeout(s.life, 30*time.Second)
	defer cancel()
	docker, err := s.dockerClient()
	if err != nil {
		return ""
	}
	defer docker.Close()
	u, err := docker.DiskUsage(ctx, client.DiskUsageOptions{Images: true, Containers: true, Volumes: true, BuildCache: true})
	if err != nil {
		s.log.Debug("ask docker for its disk usage", "error", err)
		return ""
	}
	return pruneHint(u.Images.Reclaimable, u.Containers.Reclaimable, u.BuildCache.Reclaimable, u.Volumes.Reclaimable)
}

// pruneHint names the commands that remove what is not in use, with what each gives back in bytes.
func pruneHint(images, containers, cache, volumes int64) string {
	var parts []string
	for _, p := range []struct {
		command string
		bytes   int64
	}{
		{"docker image prune -a", images},
		{"docker container prune", containers},
		{"docker builder prune", cache},
		{"docker volume prune -a", volumes},
	} {
		if p.bytes > 1<<20 {
			parts = append(parts, fmt.Sprintf("`%s` (%s)", p.command, app.HumanSize(p.bytes)))
		}
	}
	return strings.Join(parts, ", ")
}
