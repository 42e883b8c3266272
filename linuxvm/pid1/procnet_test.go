package pid1

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 22001 1 0000000000000000 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22002 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 02:00000A1B 00000000     0        0 22003 2 0000000000000000 20 4 30 10 -1
`

const tcp6Table = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0CEA 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22004 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000A00A8C0:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22005 1 0 100 0 0 10 0
`

const udpTable = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  100: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 22006 2 0000000000000000 0
  101: 0200A8C0:D431 0800080A:0035 01 00000000:00000000 00:00000000 00000000     0        0 22007 2 0000000000000000 0
  102: garbage
`

func TestParseSockets(t *testing.T) {
	at := func(proto, addr, inode string) kernelSocket {
		return kernelSocket{proto, netip.MustParseAddrPort(addr), inode}
	}
	for _, test := range []struct {
		proto, table string
		want         []kernelSocket
	}{
		{"tcp", tcpTable, []kernelSocket{at("tcp", "127.0.0.1:8080", "22001"), at("tcp", "0.0.0.0:80", "22002")}},
		{"tcp", tcp6Table, []kernelSocket{at("tcp", "[::1]:3306", "22004"), at("tcp", "192.168.0.10:22", "22005")}},
		{"udp", udpTable, []kernelSocket{at("udp", "0.0.0.0:53", "22006")}},
		{"udp", "", nil},
	} {
		if got := parseSockets(test.proto, strings.NewReader(test.table)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.proto, got, test.want)
		}
	}
}
