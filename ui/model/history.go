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
	h.points = append(h.points, Point{
		At: s.Now, CPU: ContainersCPU(s.Docker), Memory: float64(vm.MemoryUsedBytes + vm.MemoryCacheBytes),
		ContainersMemory: float64(vm.MemoryContainersBytes), Disk: float64(vm.DiskUsedBytes),
	})
	if over := len(h.points) - h.keep; over > 0 {
		h.points = append(h.points[:0], h.points[over:]...)
	}
	return true
}

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
