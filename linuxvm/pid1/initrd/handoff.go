package initrd

import (
	"strconv"
	"strings"
	"time"
)

// AgentPath is the agent in the root image.
const AgentPath = "/usr/lib/wherry/agent"

// RootSerial is the serial number of the disk with the root image.
const RootSerial = "wherry-root"

// HandoffEnv is the environment variable that carries a Handoff.
const HandoffEnv = "WHERRY_HANDOFF"

// A Handoff is what the first program tells the agent: times since the kernel's start.
type Handoff struct {
	// Start is when the first program began; Modules when its modules were loaded; Root when the root was mounted.
	Start, Modules, Root time.Duration
}

// String is the handoff as the value of HandoffEnv.
func (h Handoff) String() string {
	var s []string
	for _, d := range []time.Duration{h.Start, h.Modules, h.Root} {
		s = append(s, strconv.FormatInt(int64(d), 10))
	}
	return strings.Join(s, ",")
}

// ParseHandoff reads what String wrote; what is missing or wrong is 0.
func ParseHandoff(s string) Handoff {
	var h Handoff
	f := strings.Split(s, ",")
	for i, d := range []*time.Duration{&h.Start, &h.Modules, &h.Root} {
		if i < len(f) {
			n, _ := strconv.ParseInt(f[i], 10, 64)
			*d = time.Duration(n)
		}
	}
	return h
}
