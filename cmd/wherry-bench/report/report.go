package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/wherry-app/wherry/app"
)

// Report is the result of one run: the content of bench.json.
type Report struct {
	Time    time.Time `json:"time"`
	Machine Machine   `json:"machine"`
	Figures []Figure  `json:"figures"`
	// Starts are the stages of each measured start.
	Starts []Start `json:"starts,omitempty"`
	// Notes are sentences that put figures in relation to numbers that are not of this run.
	Notes []string `json:"notes,omitempty"`
	// Failures are experiments that could not be done, by name.
	Failures map[string]string `json:"failures,omitempty"`
	// Busy is, for each experiment, how much of the machine's processors others used just before it, in percent.
	Busy map[string]float64 `json:"busy_percent"`
}

// Machine is what the figures were measured on.
type Machine struct {
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Kernel      string `json:"kernel"`
	Processor   string `json:"processor"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memory_bytes"`
	QEMU        string `json:"qemu"`
	// Accel, VMCores and VMMemoryBytes are the virtual machine's; zero if none was started.
	Accel         string `json:"accel"`
	VMCores       int    `json:"vm_cores"`
	VMMemoryBytes int64  `json:"vm_memory_bytes"`
	GuestKernel   string `json:"guest_kernel"`
	Docker        string `json:"docker"`
	Commit        string `json:"commit"`
}

// Start is one start of the engine.
type Start struct {
	// Name of the figure that it belongs to.
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	// Processor is what the VM and the daemon used of the processors, in seconds; other programs change it little.
	Processor float64 `json:"processor_seconds"`
	// Others is how much of the machine's processors others used meanwhile, in percent: where that is much, the time
	// says little.
	Others float64     `json:"others_percent"`
	Stages []app.Stage `json:"stages"`
}

// Add appends figures.
func (r *Report) Add(f ...Figure) { r.Figures = append(r.Figures, f...) }

// Note appends a sentence.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Fail notes that an experiment could not be done.
func (r *Report) Fail(experiment string, err error) {
	if r.Failures == nil {
		r.Failures = map[string]string{}
	}
	r.Failures[experiment] = err.Error()
}

// Typical is the start of that name whose time is the median, or the next longer one; false if there is none.
func (r *Report) Typical(name string) (Start, bool) {
	var seconds Samples
	for _, s := range r.Starts {
		if s.Name == name {
			seconds = append(seconds, s.Seconds)
		}
	}
	want := seconds.Percentile(50)
	for _, s := range r.Starts {
		if s.Name == name && s.Seconds == want {
			return s, true
		}
	}
	return Start{}, false
}

// Write writes the report as JSON to a file, whose folder it makes.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
