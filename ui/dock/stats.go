package dock

import (
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/ui/model"
)

// reading is what the next one is compared with.
type reading struct {
	cpu, system uint64
}

// atOnce is how many containers are asked at the same time.
const atOnce = 4

// readStats reads the figures of the watched containers, in rounds, until ctx ends.
func (s *Source) readStats(ctx context.Context, cli *client.Client) {
	last := map[string]reading{}
	for {
		s.mu.Lock()
		ids, every := s.watch, s.every
		s.mu.Unlock()
		began := time.Now()
		var again <-chan time.Time
		if every > 0 {
			again = time.After(every)
		} else {
			ids = nil
		}
		fresh, next := round(ctx, cli, ids, last)
		if ctx.Err() != nil {
			return
		}
		last = next
		if len(fresh) > 0 {
			s.publish(func(l *model.Lists) {
				stats := maps.Clone(l.Stats)
				if stats == nil {
					stats = map[string]model.Stats{}
				}
				maps.Copy(stats, fresh)
				l.Stats = keepStats(stats, l.Containers)
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-s.prod:
			if !rest(ctx, began.Add(least)) {
				return
			}
		}
	}
}

// least is the time between two readings however often they are asked for: a shorter one would tell nothing of the use
// of processors.
const least = 100 * time.Millisecond

// rest waits until then; false if ctx ends before.
func rest(ctx context.Context, until time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(until)):
		return true
	}
}

// round asks for each container once.
func round(ctx context.Context, cli *client.Client, ids []string, last map[string]reading) (map[string]model.Stats, map[string]reading) {
	var mu sync.Mutex
	fresh, next := map[string]model.Stats{}, map[string]reading{}
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			raw, err := oneShot(ctx, cli, id)
			if err != nil {
				return // gone or stopped: the lists tell
			}
			mu.Lock()
			defer mu.Unlock()
			st := statsOf(raw, last[id])
			fresh[id] = st
			next[id] = reading{raw.CPUStats.CPUUsage.TotalUsage, raw.CPUStats.SystemUsage}
		})
	}
	wg.Wait()
	return fresh, next
}

func oneShot(ctx context.Context, cli *client.Client, id string) (container.StatsResponse, error) {
	var raw container.StatsResponse
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := cli.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return raw, err
	}
	defer r.Body.Close()
	return raw, json.NewDecoder(r.Body).Decode(&raw)
}

func statsOf(raw container.StatsResponse, last reading) model.Stats {
	st := model.Stats{At: raw.Read, CPU: -1, MemoryLimit: int64(raw.MemoryStats.Limit), Processes: int(raw.PidsStats.Current)}
	if last.system != 0 && raw.CPUStats.SystemUsage > last.system && raw.CPUStats.CPUUsage.TotalUsage >= last.cpu {
		share := float64(raw.CPUStats.CPUUsage.TotalUsage-last.cpu) / float64(raw.CPUStats.SystemUsage-last.system)
		st.CPU = min(share, 1) * float64(max(raw.CPUStats.OnlineCPUs, 1)) * 100
	}
	cache := raw.MemoryStats.Stats["inactive_file"]
	if cache == 0 {
		cache = raw.MemoryStats.Stats["total_inactive_file"]
	}
	st.Memory = int64(raw.MemoryStats.Usage - min(cache, raw.MemoryStats.Usage))
	for _, n := range raw.Networks {
		st.NetIn += n.RxBytes
		st.NetOut += n.TxBytes
	}
	for _, e := range raw.BlkioStats.IoServiceBytesRecursive {
		switch e.Op {
		case "read", "Read":
			st.DiskRead += e.Value
		case "write", "Write":
			st.DiskWritten += e.Value
		}
	}
	return st
}

// keepStats drops the figures of containers that do not run any more.
func keepStats(stats map[string]model.Stats, cs []model.Container) map[string]model.Stats {
	if len(stats) == 0 {
		return stats
	}
	kept := make(map[string]model.Stats, len(stats))
	for _, c := range cs {
		if st, ok := stats[c.ID]; ok && c.Running() {
			kept[c.ID] = st
		}
	}
	return kept
}
