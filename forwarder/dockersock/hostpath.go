package dockersock

import (
	"path"
	"strings"
)

// GuestPath is where the guest has a folder of the host: at the same path, and C:\Users\me of a host with drives at
// /c/Users/me. The host's path is absolute.
func GuestPath(host string) string {
	if !hasDrive(host) {
		return path.Clean(host)
	}
	return path.Clean("/" + strings.ToLower(host[:1]) + strings.ReplaceAll(host[len("C:"):], `\`, "/"))
}

// hostPath is the way back from GuestPath on a host with drives; false if the path begins with no drive.
func hostPath(guest string) (string, bool) {
	drive, rest, _ := strings.Cut(strings.TrimLeft(guest, "/"), "/")
	if !strings.HasPrefix(guest, "/") || len(drive) != 1 || !isLetter(drive[0]) {
		return "", false
	}
	return strings.ToUpper(drive) + `:\` + strings.ReplaceAll(rest, "/", `\`), true
}

// hasDrive tells whether a path is an absolute one of Windows.
func hasDrive(p string) bool {
	return len(p) > len("C:") && isLetter(p[0]) && p[1] == ':' && (p[2] == '\\' || p[2] == '/')
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// cutSource splits a bind at the end of its source; ok is false for one whose source is a volume's name.
func cutSource(bind string) (source, rest string, ok bool) {
	from := 0
	switch {
	case hasDrive(bind):
		from = len("C:")
	case !strings.HasPrefix(bind, "/"):
		return "", "", false
	}
	i := strings.IndexByte(bind[from:], ':')
	if i < 0 {
		return "", "", false // no source, only a place in the container
	}
	return bind[:from+i], bind[from+i:], true
}
