package hostroutes

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct{ got, want []netip.Prefix }{
		"linux": {parseProc(`Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
tun0	00000000	010200C0	0003	0	0	0	00000080	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
tun0	000010AC	00000000	0001	0	0	0	0000F0FF	0	0	0
tun0	0500A8C0	00000000	0005	0	0	0	FFFFFFFF	0	0	0
lo	0000007F	00000000	0001	0	0	0	000000FF	0	0	0
eth0	0000FEA9	00000000	0001	0	0	0	0000FFFF	0	0	0
`), prefixes("192.0.2.0/24", "172.16.0.0/12", "192.168.0.5/32")},
		"macos": {parseNetstat(`Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
10                 utun4              USc                 utun4
127                127.0.0.1          UCS                   lo0
127.0.0.1          127.0.0.1          UH                    lo0
169.254            link#11            UCS                   en0
172.16/12          utun4              USc                 utun4
192.168.1          link#11            UCS                   en0      !
192.168.1.7/32     link#11            UCS                   en0      !
192.168.1.9        a4:1:2:3:4:5       UHLWIi                en0   1180
224.0.0/4          link#11            UmCS                  en0      !
255.255.255.255/32 link#11            UCS                   en0      !
`), prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.1.0/24", "192.168.1.7/32", "192.168.1.9/32", "255.255.255.255/32")},
		"windows": {parseRoutePrint(`===========================================================================
IPv4 Route Table
Active Routes:
Network Destination        Netmask          Gateway       Interface  Metric
          0.0.0.0          0.0.0.0      192.168.1.1    192.168.1.20     35
         10.8.0.0    255.255.255.0         On-link         10.8.0.6    281
        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331
      192.168.1.0    255.255.255.0         On-link     192.168.1.20    291
        224.0.0.0        240.0.0.0         On-link         127.0.0.1    331
`), prefixes("10.8.0.0/24", "192.168.1.0/24")},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, tt.got, tt.want)
		}
	}
}

func TestChooseKeepsTheDefaultWhereItCan(t *testing.T) {
	for _, routes := range [][]netip.Prefix{nil, prefixes("10.0.0.0/8"), prefixes("192.0.2.0/24", "100.64.0.0/10")} {
		if got := Choose(routes, netip.Prefix{}); !reflect.DeepEqual(got, Default()) || got.Cmdline() != "" {
			t.Errorf("%v: %+v, %q", routes, got, got.Cmdline())
		}
	}
}

// TestChooseIsOutOfTheWay: whatever the routes are, nothing of the plan is in their way, as long as there is room.
func TestChooseIsOutOfTheWay(t *testing.T) {
	for _, tt := range []struct {
		name   string
		routes []netip.Prefix
		subnet string
		want   Plan // of which zero fields do not count
	}{
		{"a VPN on the guest's network", prefixes("192.168.127.0/24"), "", Plan{Subnet: netip.MustParsePrefix("192.168.143.0/24")}},
		{"a VPN on a part of it", prefixes("192.168.127.128/25"), "", Plan{Subnet: netip.MustParsePrefix("192.168.143.0/24")}},
		{"all of 192.168", prefixes("192.168.0.0/16"), "", Plan{Subnet: netip.MustParsePrefix("10.127.127.0/24")}},
		{"docker's bridge", prefixes("172.17.0.0/16"), "", Plan{Subnet: netip.MustParsePrefix(DefaultSubnet), Bridge: netip.MustParsePrefix("172.18.0.1/16")}},
		{"a host in docker's bridge", prefixes("172.17.4.4/32"), "", Plan{Bridge: netip.MustParsePrefix("172.18.0.1/16")}},
		{"all of 172.16", prefixes("172.16.0.0/12"), "", Plan{Bridge: netip.MustParsePrefix("192.168.0.1/20")}},
		{"all private networks", prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"), "", Plan{Subnet: netip.MustParsePrefix("100.127.127.0/24"), Bridge: netip.MustParsePrefix("100.96.0.1/20")}},
		{"the user's", prefixes("172.17.0.0/16"), "10.99.0.0/24", Plan{Subnet: netip.MustParsePrefix("10.99.0.0/24")}},
	} {
		var wish netip.Prefix
		if tt.subnet != "" {
			wish = netip.MustParsePrefix(tt.subnet)
		}
		got := Choose(tt.routes, wish)
		if tt.want.Subnet.IsValid() && got.Subnet != tt.want.Subnet || tt.want.Bridge.IsValid() && got.Bridge != tt.want.Bridge {
			t.Errorf("%s: got %+v", tt.name, got)
		}
		if r, n, bad := got.Collision(tt.routes); bad {
			t.Errorf("%s: %v is in the way of %v", tt.name, n, r)
		}
		all := append(slices.Clone(tt.routes), got.Subnet)
		if got.Bridge.IsValid() {
			if overlapsAny(got.Bridge.Masked(), all) {
				t.Errorf("%s: the bridge %v is in the way", tt.name, got.Bridge)
			}
			all = append(all, got.Bridge.Masked())
		}
		for _, p := range got.Pools {
			if overlapsAny(p.Base, all) || p.Size < p.Base.Bits() {
				t.Errorf("%s: pool %v is in the way", tt.name, p)
			}
		}
		if n := len(got.Cmdline()); n > 900 {
			t.Errorf("%s: %d bytes of command line", tt.name, n)
		}
	}
}

func TestCmdline(t *testing.T) {
	p := Plan{Subnet: netip.MustParsePrefix("10.9.8.0/24"), Bridge: netip.MustParsePrefix("172.20.0.1/16"), Pools: []Pool{
		{netip.MustParsePrefix("172.21.0.0/16"), 16}, {netip.MustParsePrefix("10.200.0.0/14"), 20},
	}}
	if got := p.Cmdline(); got != " wherry.subnet=10.9.8.0/24 wherry.bridge=172.20.0.1/16 wherry.pools=172.21.0.0/16:16,10.200.0.0/14:20" {
		t.Errorf("got %q", got)
	}
	if got := []string{p.Gateway().String(), p.Guest().String(), p.Host().String()}; !slices.Equal(got, []string{"10.9.8.1", "10.9.8.2", "10.9.8.254"}) {
		t.Errorf("got %v", got)
	}
}

func TestCollisionWithARouteThatComesLater(t *testing.T) {
	if r, n, ok := Default().Collision(prefixes("10.0.0.0/8", "172.16.0.0/12")); !ok || r.String() != "172.16.0.0/12" || n.String() != "172.17.0.0/16" {
		t.Errorf("%v, %v, %v", r, n, ok)
	}
}
