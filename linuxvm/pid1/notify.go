package pid1

import "strings"

// A notification is what a service says of itself, by systemd's sd_notify protocol.
type notification struct {
	ready    bool
	stopping bool
}

// parseNotification reads one message: lines of KEY=VALUE. Keys that say nothing to us are ignored.
func parseNotification(message string) notification {
	var n notification
	for line := range strings.Lines(message) {
		switch strings.TrimRight(line, "\n") {
		case "READY=1":
			n.ready = true
		case "STOPPING=1":
			n.stopping = true
		}
	}
	return n
}
