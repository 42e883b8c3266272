package pid1

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestParseCmdline(t *testing.T) {
	with := func(f func(*Options)) Options {
		o := DefaultOptions()
		f(&o)
		return o
	}
	for _, c := range []struct {
		cmdline string
		want    Options
	}{
		{"", DefaultOptions()},
		{"quiet panic=-1 console=ttyS0\n", DefaultOptions()},
		{"quiet wherry.mtu=1500 wherry.orphan=30 wherry.debug", with(func(o *Options) { o.MTU, o.Orphan, o.Debug = 1500, 30*time.Second, true })},
		{"wherry.orphan=0", with(func(o *Options) { o.Orphan = 0 })},
		{"wherry.mtu=70000 wherry.mtu=x wherry.mtu wherry.orphan=-1", DefaultOptions()},
		{"wherry.subnet=10.9.8.0/24 wherry.bridge=172.20.0.1/16", with(func(o *Options) {
			o.Subnet, o.Bridge = netip.MustParsePrefix("10.9.8.0/24"), netip.MustParsePrefix("172.20.0.1/16")
		})},
		{"wherry.pools=172.21.0.0/16:16,10.200.0.0/14:20", with(func(o *Options) {
			o.Pools = []Pool{{netip.MustParsePrefix("172.21.0.0/16"), 16}, {netip.MustParsePrefix("10.200.0.0/14"), 20}}
		})},
		{"wherry.subnet=::/64 wherry.subnet=10.0.0.0/30 wherry.subnet=x wherry.bridge=0.0.0.0/0 wherry.pools=10.0.0.0/8:4 wherry.pools=a", DefaultOptions()},
	} {
		if got := ParseCmdline(c.cmdline); !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseCmdline(%q) = %+v, want %+v", c.cmdline, got, c.want)
		}
	}
}

func TestAddressesOfASubnet(t *testing.T) {
	for subnet, want := range map[string][3]string{
		"192.168.127.0/24": {"192.168.127.1", "192.168.127.2/24", "192.168.127.254"},
		"10.99.0.0/16":     {"10.99.0.1", "10.99.0.2/16", "10.99.255.254"},
		"172.16.0.16/28":   {"172.16.0.17", "172.16.0.18/28", "172.16.0.30"},
	} {
		o := DefaultOptions()
		o.Subnet = netip.MustParsePrefix(subnet)
		if got := [3]string{o.Gateway().String(), o.Address().String(), o.Host().String()}; got != want {
			t.Errorf("%s: got %v, want %v", subnet, got, want)
		}
	}
}

func TestDockerdGetsOutByTheGateway(t *testing.T) {
	o := ParseCmdline("wherry.subnet=10.9.8.0/24 wherry.bridge=172.20.0.1/16 wherry.pools=10.200.0.0/14:20")
	want := []string{
		"HTTP_PROXY=http://10.9.8.1:3128", "HTTPS_PROXY=http://10.9.8.1:3128",
		"NO_PROXY=localhost,127.0.0.0/8,::1,.docker.internal,10.9.8.0/24,172.20.0.0/16,10.200.0.0/14", "SSL_CERT_DIR=/etc/docker/wherry-ca",
	}
	if got := dockerdEnv(o); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
