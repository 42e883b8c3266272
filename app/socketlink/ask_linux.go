package socketlink

import "strings"

// tmpfiles is what makes the link again after a boot, where there is systemd.
const tmpfiles = "/etc/tmpfiles.d/wherry-docker.conf"

func rememberLink(path, socket string) string {
	// systemd's own quoting: spaces in the target are kept as they are, backslashes and per cents are doubled
	target := strings.NewReplacer(`\`, `\\`, "%", "%%").Replace(socket)
	return " && if [ -d /etc/tmpfiles.d ]; then printf '%s\\n' " + quote("L+ "+path+" - - - - "+target) + " > " + tmpfiles + "; fi"
}

func forgetLink() string { return " " + tmpfiles }

// command is how a script is run with more rights: as it is for root, by sudo in a terminal, and by the desktop's own
// question (polkit) elsewhere; nil if there is no way.
func (a Asker) command(script string) []string {
	switch {
	case a.Root:
		return []string{"/bin/sh", "-c", script}
	case a.Terminal && a.Has("sudo"):
		return []string{"sudo", "/bin/sh", "-c", script}
	case a.Has("pkexec"):
		return []string{"pkexec", "/bin/sh", "-c", script}
	}
	return nil
}
