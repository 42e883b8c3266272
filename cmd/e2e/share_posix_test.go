package e2e

import (
	"strings"
	"time"
)

// differences are the cases in which a shared folder may differ from the guest's own disk, and why; docs/sharing.md has
// them, too.
func differences() map[string]string {
	const users = "users of containers are not kept from each other's files"
	return map[string]string{
		"access/of others": users, "access/by group": users, "access/owner without rights": users, "access/sticky folder": users,
		"access/changes by others":       users,
		"owner/chown":                    "the owner of a symbolic link is not kept",
		"open/O_TMPFILE":                 "not supported",
		"xattr/capabilities of programs": "not supported",
		"xattr/access control lists":     "not supported",
	}
}

// posix runs the same cases on the guest's own disk and on the shared folder.
func (s *sharing) posix() {
	dir := s.folder("posix")
	disk, _ := s.tryDockerFor(10*time.Minute, "run", "--rm", "-v", "posix:/m", "share", "posix", "/m")
	_, _ = s.tryDocker(nil, "volume", "rm", "posix")
	shared, err := s.tryDockerFor(10*time.Minute, "run", "--rm", "-v", dir+":/m", "share", "posix", "/m")
	base, got := verdicts(disk), verdicts(shared)
	if len(got) < 100 {
		s.t.Errorf("only %d cases ran: %v, %.2000s", len(got), err, shared)
	}
	for name, line := range got {
		why, known := differences()[name]
		switch {
		case strings.HasPrefix(line, "FAIL") && known:
			s.t.Logf("%s (known: %s)", line, why)
		case strings.HasPrefix(line, "FAIL") && strings.HasPrefix(base[name], "FAIL"):
			s.t.Logf("%s (as on the disk)", line)
		case strings.HasPrefix(line, "FAIL"):
			s.t.Error(line)
		case known:
			s.t.Logf("%s is no difference any more", name)
		}
	}
	for name := range base {
		if got[name] == "" {
			s.t.Errorf("%s did not run", name)
		}
	}
}

// verdicts are the lines of the posix program by their cases.
func verdicts(out string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if verdict, rest, ok := strings.Cut(line, " "); ok && strings.Contains("PASS FAIL SKIP", verdict) {
			name, _, _ := strings.Cut(rest, ": ")
			all[name] = line
		}
	}
	return all
}
