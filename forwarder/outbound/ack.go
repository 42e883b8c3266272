package outbound

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// ackDelay is how long an acknowledgement alone waits for a packet to ride on. Each packet that the guest does not have to
// handle is a gain, above all on an emulated processor, and the stack acknowledges everything at once: the end of a
// handshake just before the first data, an answer just before the end.
const ackDelay = 250 * time.Microsecond

// flow tells connections apart, as the packets to the guest have it.
type flow struct {
	src, dst         tcpip.Address
	srcPort, dstPort uint16
}

// heldAck is an acknowledgement that waits.
type heldAck struct {
	number uint32
	frame  []byte
}

// acks are the acknowledgements that wait, at most one of a connection. It is the caller who locks.
type acks map[flow]heldAck

// ackOf tells whether p is an acknowledgement and nothing else, without news of lost packets, which are urgent.
func ackOf(p *stack.PacketBuffer) (f flow, h header.TCP, alone bool) {
	if p.NetworkProtocolNumber != header.IPv4ProtocolNumber || p.TransportProtocolNumber != header.TCPProtocolNumber {
		return flow{}, nil, false
	}
	ip, h := header.IPv4(p.NetworkHeader().Slice()), header.TCP(p.TransportHeader().Slice())
	if len(h) < header.TCPMinimumSize {
		return flow{}, nil, false
	}
	f = flow{ip.SourceAddress(), ip.DestinationAddress(), h.SourcePort(), h.DestinationPort()}
	const timestamps = 12
	alone = h.Flags() == header.TCPFlagAck && p.Data().Size() == 0 && len(h) <= header.TCPMinimumSize+timestamps
	return f, h, alone
}

// before decides about a packet that is to go out: now are the frames that go before it, and hold says that it waits
// itself. What waits of the same connection goes first if both say the same, which has a meaning of its own (three of them
// are a loss; a window opens), and else is superseded.
func (a acks) before(f flow, h header.TCP, alone bool) (now []byte, hold bool) {
	if h == nil {
		return nil, false
	}
	held, ok := a[f]
	if !ok {
		return nil, alone
	}
	delete(a, f)
	if alone && held.number == h.AckNumber() {
		return held.frame, false
	}
	return nil, false // every second one goes at once
}
