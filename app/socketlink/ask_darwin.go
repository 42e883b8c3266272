package socketlink

import "github.com/wherry-app/wherry/app/socketlink/osascript"

func rememberLink(string, string) string { return "" }

func forgetLink() string { return "" }

// command is how a script is run with more rights: as it is for root, by sudo in a terminal, and by the system's own
// question elsewhere.
func (a Asker) command(script string) []string {
	switch {
	case a.Root:
		return []string{"/bin/sh", "-c", script}
	case a.Terminal:
		return []string{"sudo", "/bin/sh", "-c", script}
	}
	return osascript.Command(script)
}
