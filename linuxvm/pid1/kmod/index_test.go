package kmod

import (
	"errors"
	"reflect"
	"testing"
)

func testIndex() *Index {
	return NewIndex([]Module{
		{Name: "veth", Path: "/m/veth.ko", Aliases: []string{"rtnl-link-veth"}},
		{Name: "bridge", Path: "/m/bridge.ko", Deps: []string{"stp", "llc"}, Aliases: []string{"rtnl-link-bridge"}},
		{Name: "stp", Path: "/m/stp.ko", Deps: []string{"llc"}},
		{Name: "llc", Path: "/m/llc.ko"},
		{Name: "br_netfilter", Path: "/m/br_netfilter.ko", Deps: []string{"bridge"}},
		{Name: "virtio-blk", Path: "/m/virtio_blk.ko", Aliases: []string{"virtio:d00000002v*"}},
		{Name: "sha_a", Path: "/m/a.ko", Aliases: []string{"crypto-sha256"}},
		{Name: "sha_b", Path: "/m/b.ko", Aliases: []string{"crypto-sha256"}},
		{Name: "broken", Path: "/m/broken.ko", Deps: []string{"gone"}},
	})
}

func names(modules []Module) (s []string) {
	for _, m := range modules {
		s = append(s, m.Name)
	}
	return s
}

func TestOrderPutsNeedsFirst(t *testing.T) {
	for _, c := range []struct{ ask, want []string }{
		{[]string{"veth"}, []string{"veth"}},
		{[]string{"br_netfilter"}, []string{"llc", "stp", "bridge", "br_netfilter"}},
		{[]string{"br-netfilter", "veth", "bridge"}, []string{"llc", "stp", "bridge", "br_netfilter", "veth"}},
		{[]string{"rtnl-link-bridge"}, []string{"llc", "stp", "bridge"}},
		{[]string{"virtio:d00000002v00001AF4"}, []string{"virtio_blk"}},
		{[]string{"crypto-sha256"}, []string{"sha_a", "sha_b"}},
	} {
		got, err := testIndex().Order(c.ask...)
		if err != nil || !reflect.DeepEqual(names(got), c.want) {
			t.Errorf("Order(%q) = %q, %v, want %q", c.ask, names(got), err, c.want)
		}
	}
}

func TestOrderOfUnknownModules(t *testing.T) {
	for _, name := range []string{"nothing", "broken"} {
		if _, err := testIndex().Order(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("Order(%q): %v, want ErrUnknown", name, err)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	x := testIndex()
	y := Parse("# a comment\n\n" + x.Text())
	if x.Text() != y.Text() || !reflect.DeepEqual(x.aliases, y.aliases) {
		t.Errorf("parsed index differs:\n%s\nfrom\n%s", y.Text(), x.Text())
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"abc", "abc", true},
		{"abc", "ab", false},
		{"a*c", "abbbc", true},
		{"a*c", "abbb", false},
		{"*", "", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"net_pf_[0-9]*", "net_pf_16", true},
		{"x[ab]y", "xby", true},
		{"x[ab]y", "xcy", false},
		{"x[ab", "xa", false},
	} {
		if got := match(c.pattern, c.s); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}
