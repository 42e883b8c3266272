package build

import (
	"reflect"
	"testing"
	"testing/fstest"
)

func TestLines(t *testing.T) {
	lists := fstest.MapFS{"packages": {Data: []byte("# comment\n\nrunc\nkernel-a @amd64\nkernel-b @arm64 # why\n tini  # x\n")}}
	for arch, want := range map[string][]string{
		"amd64": {"runc", "kernel-a", "tini"},
		"arm64": {"runc", "kernel-b", "tini"},
	} {
		got, err := lines(lists, "packages", arch)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, %v, want %q", arch, got, err, want)
		}
	}
	if _, err := lines(lists, "files", "amd64"); err == nil {
		t.Error("a missing list is no error")
	}
}

func TestMatcher(t *testing.T) {
	m, err := newMatcher([]string{
		"usr/bin/*", "net/{bridge,ipv4}/**", "fs/{binfmt_misc,configfs/configfs}", "!net/ipv4/tcp_?", "usr/lib/*/x[1].so",
	})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{
		"usr/bin/a":            true,
		"usr/bin/a/b":          false,
		"usr/bin/":             true,
		"net/bridge/br/x":      true,
		"net/bridgeold/x":      false,
		"net/ipv4/ip_tables":   true,
		"net/ipv4/tcp_a":       false,
		"net/ipv4/tcp_ab":      true,
		"fs/binfmt_misc":       true,
		"fs/configfs/configfs": true,
		"fs/configfs":          false,
		"usr/lib/a/x[1].so":    true,
		"xusr/bin/a":           false,
	} {
		if got := m.keeps(p); got != want {
			t.Errorf("keeps(%q) = %v", p, got)
		}
	}
	if _, err := newMatcher([]string{"a{b"}); err == nil {
		t.Error("an open brace is no error")
	}
}
