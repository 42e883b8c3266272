package osascript

import "strings"

// Command is the command that asks the user for an administrator's password and then runs a shell's script.
func Command(script string) []string {
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(script) + `"`
	return []string{
		"/usr/bin/osascript", "-e",
		"do shell script " + quoted + ` with prompt "Wherry wants to make /var/run/docker.sock lead to its engine." with administrator privileges`,
	}
}
