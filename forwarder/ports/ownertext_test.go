package ports

import (
	"net/netip"
	"testing"
)

const netshText = `
Protocol tcp Port Exclusion Ranges

Start Port    End Port
----------    --------
      5357        5357
     49716       49815
     50000       50059     *

* - Administered port exclusions.
`

func TestExcludedRange(t *testing.T) {
	for port, want := range map[uint16]Range{
		5357: {5357, 5357}, 49716: {49716, 49815}, 49815: {49716, 49815}, 50059: {50000, 50059}, 50060: {}, 8080: {},
	} {
		if got := excludedRange(netshText, port); got != want {
			t.Errorf("%d: %v, want %v", port, got, want)
		}
	}
	german := "Startport    Endport\r\n----------    --------\r\n      1234        1240\r\n"
	if got := excludedRange(german, 1236); got != (Range{1234, 1240}) {
		t.Errorf("another language: %v", got)
	}
}

const netstatText = `
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1234
  TCP    127.0.0.1:8080         127.0.0.1:50500        ESTABLISHED     999
  TCP    127.0.0.1:8080         0.0.0.0:0              ABHÖREN         4321
  TCP    [::1]:8080             [::]:0                 LISTENING       77
  UDP    0.0.0.0:53             *:*                                    555
`

func TestNetstatOwner(t *testing.T) {
	for _, c := range []struct {
		proto, addr string
		want        uint32
	}{
		{"tcp", "127.0.0.1:8080", 4321},
		{"tcp", "127.0.0.1:135", 1234},
		{"tcp", "[::1]:8080", 77},
		{"udp", "127.0.0.1:53", 555},
		{"tcp", "127.0.0.1:53", 0},
		{"tcp", "127.0.0.2:8080", 0},
	} {
		if got := netstatOwner(netstatText, c.proto, netip.MustParseAddrPort(c.addr)); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.proto, c.addr, got, c.want)
		}
	}
}

func TestLsofOwner(t *testing.T) {
	for text, want := range map[string]string{
		"p501\ncnginx\nf6\nn127.0.0.1:8080\np502\ncother\n": "nginx (process 501)",
		"p7\n": "process 7",
		"":     "",
	} {
		if got := lsofOwner(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
