package osascript_test

import (
	"slices"
	"testing"

	"github.com/wherry-app/wherry/app/socketlink/osascript"
)

func TestCommand(t *testing.T) {
	got := osascript.Command(`ln -sfn '/Users/me/a "b" \c' /x`)
	want := []string{
		"/usr/bin/osascript", "-e",
		`do shell script "ln -sfn '/Users/me/a \"b\" \\c' /x" with prompt "Wherry wants to make /var/run/docker.sock lead to its engine." with administrator privileges`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
