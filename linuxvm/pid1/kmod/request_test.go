package kmod

import (
	"reflect"
	"testing"
)

func TestParseRequest(t *testing.T) {
	for _, c := range []struct {
		args []string
		want Request
	}{
		{[]string{"-q", "--", "net-pf-16"}, Request{Names: []string{"net-pf-16"}, Quiet: true}},
		{[]string{"-va", "bridge", "br_netfilter"}, Request{Names: []string{"bridge", "br_netfilter"}}},
		{[]string{"dummy", "numdummies=2", "x=y"}, Request{Names: []string{"dummy"}, Params: "numdummies=2 x=y"}},
		{[]string{"-r", "dummy"}, Request{Names: []string{"dummy"}, Idle: true}},
		{[]string{"--quiet", "--all", "a", "b"}, Request{Names: []string{"a", "b"}, Quiet: true}},
		{[]string{"--use-blacklist", "ip_vs"}, Request{Names: []string{"ip_vs"}}},
	} {
		if got := ParseRequest(c.args); !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseRequest(%q) = %+v, want %+v", c.args, got, c.want)
		}
	}
}
