package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// statsView charts a container's figures.
type statsView struct {
	box               *fyne.Container
	cpu, mem, net, io *chartCard
	points            []model.Stats
}

const statPoints = 90

func newStatsView() *statsView {
	v := &statsView{cpu: newChartCard("Processor", "cpu", statPoints), mem: newChartCard("Memory", "memory", statPoints), net: newChartCard("Network", "networks", statPoints), io: newChartCard("Disk", "disk", statPoints)}
	v.box = container.NewStack(container.NewVScroll(kit.Tiles(300, v.cpu.card, v.mem.card, v.net.card, v.io.card)))
	return v
}

func (v *statsView) add(st model.Stats) {
	if n := len(v.points); n > 0 && !st.At.After(v.points[n-1].At) {
		return
	}
	v.points = append(v.points, st)
	if len(v.points) > statPoints {
		v.points = v.points[1:]
	}
	series := func(f func(i int) float64) []float64 {
		out := make([]float64, len(v.points))
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	rate := func(f func(model.Stats) uint64) []float64 {
		return series(func(i int) float64 {
			if i == 0 || f(v.points[i]) < f(v.points[i-1]) {
				return 0
			}
			return float64(f(v.points[i])-f(v.points[i-1])) / max(v.points[i].At.Sub(v.points[i-1].At).Seconds(), 0.1)
		})
	}
	last := func(s []float64) string { return model.Size(int64(s[len(s)-1])) + "/s" }
	in, out := rate(func(s model.Stats) uint64 { return s.NetIn }), rate(func(s model.Stats) uint64 { return s.NetOut })
	rd, wr := rate(func(s model.Stats) uint64 { return s.DiskRead }), rate(func(s model.Stats) uint64 { return s.DiskWritten })
	primary := theme.ColorNamePrimary
	v.cpu.set(model.Percent(st.CPU), model.Plural(st.Processes, "task"), 5, kit.Series{Values: series(func(i int) float64 { return max(v.points[i].CPU, 0) }), Color: primary})
	v.mem.set(model.Size(st.Memory), "of "+model.Size(st.MemoryLimit), 0, kit.Series{Values: series(func(i int) float64 { return float64(v.points[i].Memory) }), Color: primary})
	v.net.set(last(in), "in, out "+last(out)+" · "+model.Size(int64(st.NetIn+st.NetOut))+" in all", 1024, kit.Series{Values: in, Color: primary}, kit.Series{Values: out, Color: look.Second})
	v.io.set(last(rd), "read, written "+last(wr)+" · "+model.Size(int64(st.DiskRead+st.DiskWritten))+" in all", 1024, kit.Series{Values: rd, Color: primary}, kit.Series{Values: wr, Color: look.Second})
}
