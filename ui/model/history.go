package model

import (
	"time"

	"github.com/wherry-app/wherry/app"
)

// Point is one moment of the engine's use.
type Point struct {
	At time.Time
	// CPU of the containers in percent of one processor.
	CPU float64
	// Bytes.
	Memory, ContainersMemory, Disk float64
}

// History keeps the last points, oldest first, at a steady distance.
type History struct {
	every  time.Duration
	points []Point
	keep   int
}

// NewHistory keeps what happened within span, one point per every.
func NewHistory(span, every time.Duration) *History {
	return &History{every: every, keep: int(span / every)}
}

// Add takes a state's figures, unless the last point is too young or the engine does not run. It says whether it did.
func (h *History) Add(s State) bool {
	if s.Engine.State != app.StateRunning {
		return false
	}
	if n := len(h.points); n > 0 && s.Now.Sub(h.points[n-1].At) < h.every {
		return false
	}
	vm := s.Engine.VM
	next := Point{
		At: s.Now, CPU: ContainersCPU(s.Docker), Memory: float64(vm.MemoryUsedBytes + vm.MemoryCacheBytes),
		ContainersMemory: float64(vm.MemoryContainersBytes), Disk: float64(vm.DiskUsedBytes),
	}
	h.bridge(next)
	h.points = append(h.points, next)
	if over := len(h.points) - h.keep; over > 0 {
		h.points = append(h.points[:0], h.points[over:]...)
	}
	return true
}

// bridge fills a short time without points with a straight line to the next one, so that the points stay at a steady
// distance. After a longer time the line goes on as if nothing were between.
func (h *History) bridge(to Point) {
	n := len(h.points)
	if n == 0 || to.At.Sub(h.points[n-1].At) > longestBridge {
		return
	}
	from := h.points[n-1]
	for at := from.At.Add(h.every); to.At.Sub(at) >= h.every/2; at = at.Add(h.every) {
		part := at.Sub(from.At).Seconds() / to.At.Sub(from.At).Seconds()
		mix := func(a, b float64) float64 { return a + (b-a)*part }
		h.points = append(h.points, Point{
			At: at, CPU: mix(from.CPU, to.CPU), Memory: mix(from.Memory, to.Memory),
			ContainersMemory: mix(from.ContainersMemory, to.ContainersMemory), Disk: mix(from.Disk, to.Disk),
		})
	}
}

const longestBridge = time.Minute

// Series picks one figure of all points.
func (h *History) Series(f func(Point) float64) []float64 {
	out := make([]float64, len(h.points))
	for i, p := range h.points {
		out[i] = f(p)
	}
	return out
}

// Cap is how many points fit.
func (h *History) Cap() int { return h.keep }
