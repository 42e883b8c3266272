package pid1

import (
	"testing"
	"time"
)

func TestParseCmdline(t *testing.T) {
	for _, c := range []struct {
		cmdline string
		want    Options
	}{
		{"", DefaultOptions()},
		{"quiet panic=-1 console=ttyS0\n", DefaultOptions()},
		{"quiet wherry.mtu=1500 wherry.orphan=30 wherry.debug", Options{MTU: 1500, Orphan: 30 * time.Second, Debug: true}},
		{"wherry.orphan=0", Options{MTU: 65520}},
		{"wherry.mtu=70000 wherry.mtu=x wherry.mtu wherry.orphan=-1", DefaultOptions()},
	} {
		if got := ParseCmdline(c.cmdline); got != c.want {
			t.Errorf("ParseCmdline(%q) = %+v, want %+v", c.cmdline, got, c.want)
		}
	}
}
