package doctor

import (
	"strconv"
	"strings"
)

// parseReserved reads the port ranges out of what Windows' netsh prints: two numbers a line, and perhaps a star behind
// them.
func parseReserved(printed string) []string {
	var ranges []string
	for line := range strings.Lines(printed) {
		f := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), "*"))
		if len(f) != 2 {
			continue
		}
		from, err1 := strconv.Atoi(f[0])
		to, err2 := strconv.Atoi(f[1])
		if err1 == nil && err2 == nil {
			ranges = append(ranges, strconv.Itoa(from)+"-"+strconv.Itoa(to))
		}
	}
	return ranges
}
