package outbound

import (
	"io"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// TestAcksWait is what becomes of packets of a connection, one after the other.
func TestAcksWait(t *testing.T) {
	f, other := flow{srcPort: 1}, flow{srcPort: 2}
	type step struct {
		flow  flow
		ack   uint32
		alone bool
		first bool // what waited goes first
		hold  bool
	}
	for name, steps := range map[string][]step{
		"data supersedes":              {{f, 1, true, false, true}, {f, 1, false, false, false}, {f, 2, true, false, true}},
		"every second one goes":        {{f, 1, true, false, true}, {f, 2, true, false, false}, {f, 3, true, false, true}},
		"the same again goes at once":  {{f, 1, true, false, true}, {f, 1, true, true, false}, {f, 1, true, false, true}},
		"connections are independent":  {{f, 1, true, false, true}, {other, 9, true, false, true}, {f, 2, false, false, false}, {other, 9, false, false, false}},
		"data alone is nothing to us":  {{f, 1, false, false, false}, {f, 2, false, false, false}},
		"a packet that is none of TCP": {{flow{}, 0, false, false, false}},
	} {
		waiting := make(acks)
		for i, s := range steps {
			var h header.TCP
			if s.flow != (flow{}) {
				h = make(header.TCP, header.TCPMinimumSize)
				h.SetAckNumber(s.ack)
			}
			now, hold := waiting.before(s.flow, h, s.alone)
			if (now != nil) != s.first || hold != s.hold {
				t.Errorf("%s, step %d: first %v, hold %v", name, i, now != nil, hold)
			}
			if hold {
				waiting[s.flow] = heldAck{number: s.ack, frame: []byte{1}}
			}
		}
	}
}

// TestPacketsOfAShortConnection: an emulated guest pays for each.
func TestPacketsOfAShortConnection(t *testing.T) {
	n, v, address := startContainer(t, func(c *gonet.TCPConn) { _, _ = io.Copy(c, c) })
	before := v.stack.Stats().IP.PacketsReceived.Value()
	const rounds = 100
	for range rounds {
		c, err := n.Dial(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		b := []byte("x")
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	each := float64(v.stack.Stats().IP.PacketsReceived.Value()-before) / rounds
	t.Logf("%.1f packets to the guest for each connection", each)
	if each > 7 { // SYN, ACK, data, ACK, FIN, ACK if none waits, and some that are sent twice
		t.Errorf("%.1f packets to the guest for each connection", each)
	}
}
