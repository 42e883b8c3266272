package outbound

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	sizeLen = 4
	// frameMax is the largest frame that is believed to be one: a larger size means that the stream is out of step.
	frameMax    = 128 << 10
	readBuffer  = 128 << 10
	icmpProto   = 1
	ipv4MinSize = header.IPv4MinimumSize
)

// card is the stack's network card: its cable is a stream of frames.
type card struct {
	conn net.Conn
	mtu  uint32
	mac  tcpip.LinkAddress
	// own are the addresses for which the card answers ARP and ICMP; of all others the stack only pretends.
	own map[netip.Addr]bool

	mu         sync.RWMutex // of dispatcher
	dispatcher stack.NetworkDispatcher
	wmu        sync.Mutex // of writing
	out        net.Buffers
	waiting    acks
	ticking    bool // flush is going to be called
}

var _ stack.LinkEndpoint = (*card)(nil)

func newCard(conn net.Conn, n *Network) *card {
	mac, err := net.ParseMAC(gatewayMAC)
	if err != nil {
		panic(err) // it is a constant
	}
	return &card{
		conn: conn, mtu: uint32(n.mtu), mac: tcpip.LinkAddress(mac),
		own: map[netip.Addr]bool{n.gateway: true, n.host: true},
	}
}

// receive hands the guest's frames to the stack until the stream ends.
func (c *card) receive() error {
	r := bufio.NewReaderSize(c.conn, readBuffer)
	for {
		var h [sizeLen]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return fmt.Errorf("read frame: %w", err)
		}
		size := binary.BigEndian.Uint32(h[:])
		if size > frameMax {
			return fmt.Errorf("read frame: %d bytes are too many", size)
		}
		v := buffer.NewViewSize(int(size)) // from a pool, to which the stack gives it back
		if _, err := io.ReadFull(r, v.AsSlice()); err != nil {
			v.Release()
			return fmt.Errorf("read frame: %w", err)
		}
		c.deliver(v)
	}
}

// deliver hands a frame to the stack, if it is for the gateway and nothing that the stack would only pretend to be.
func (c *card) deliver(v *buffer.View) {
	c.mu.RLock()
	d := c.dispatcher
	c.mu.RUnlock()
	if d == nil || !c.takes(v.AsSlice()) {
		v.Release()
		return
	}
	typ := header.Ethernet(v.AsSlice()).Type()
	v.TrimFront(header.EthernetMinimumSize)
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithView(v)})
	defer pkt.DecRef()
	d.DeliverNetworkPacket(typ, pkt)
}

// takes tells whether a frame is for the card.
func (c *card) takes(b []byte) bool {
	if len(b) < header.EthernetMinimumSize {
		return false
	}
	eth := header.Ethernet(b)
	if dst := eth.DestinationAddress(); dst != c.mac && dst != header.EthernetBroadcastAddress {
		return false
	}
	return eth.Type() != header.IPv4ProtocolNumber || c.wants(b[header.EthernetMinimumSize:])
}

// wants tells whether an IPv4 packet is for the stack: a ping of the world is not, which the stack would answer itself.
func (c *card) wants(b []byte) bool {
	if len(b) < ipv4MinSize {
		return false
	}
	ip := header.IPv4(b)
	return ip.Protocol() != icmpProto || c.own[fromTCPIP(ip.DestinationAddress())]
}

// WritePackets implements stack.LinkWriter. What cannot be written is lost: the reader sees that conn is broken.
func (c *card) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	for _, p := range packets.AsSlice() {
		if c.pretends(p) {
			continue
		}
		f, h, alone := ackOf(p)
		first, hold := c.waiting.before(f, h, alone)
		if first != nil && !c.write(first) {
			break
		}
		c.addHeader(p)
		if hold {
			c.hold(f, h, p)
			continue
		}
		var size [sizeLen]byte
		binary.BigEndian.PutUint32(size[:], uint32(p.Size()))
		if !c.write(append([][]byte{size[:]}, p.AsSlices()...)...) {
			break
		}
	}
	return packets.Len(), nil
}

// addHeader makes p a frame.
func (c *card) addHeader(p *stack.PacketBuffer) {
	src := c.mac
	if p.EgressRoute.LocalLinkAddress != "" {
		src = p.EgressRoute.LocalLinkAddress
	}
	header.Ethernet(p.LinkHeader().Push(header.EthernetMinimumSize)).Encode(&header.EthernetFields{
		Type: p.NetworkProtocolNumber, SrcAddr: src, DstAddr: p.EgressRoute.RemoteLinkAddress,
	})
}

// write writes pieces as one; c.wmu is held.
func (c *card) write(pieces ...[]byte) bool {
	c.out = append(c.out[:0], pieces...)
	out := c.out
	if _, err := out.WriteTo(c.conn); err != nil {
		c.conn.Close()
		return false
	}
	return true
}

// hold keeps p, an acknowledgement of h, for a moment; c.wmu is held.
func (c *card) hold(f flow, h header.TCP, p *stack.PacketBuffer) {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, sizeLen+p.Size()), uint32(p.Size()))
	for _, b := range p.AsSlices() {
		frame = append(frame, b...)
	}
	if c.waiting == nil {
		c.waiting = make(acks)
	}
	c.waiting[f] = heldAck{number: h.AckNumber(), frame: frame}
	if !c.ticking {
		c.ticking = true
		time.AfterFunc(ackDelay, c.flush)
	}
}

// flush writes what waits.
func (c *card) flush() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.ticking = false
	pieces := make([][]byte, 0, len(c.waiting))
	for f, held := range c.waiting {
		pieces = append(pieces, held.frame)
		delete(c.waiting, f)
	}
	if len(pieces) > 0 {
		c.write(pieces...)
	}
}

// pretends tells whether p answers ARP for an address that is not the card's own: the stack takes packets to any
// address, and would say so to a guest that asks who has its own address.
func (c *card) pretends(p *stack.PacketBuffer) bool {
	if p.NetworkProtocolNumber != header.ARPProtocolNumber {
		return false
	}
	a := header.ARP(p.NetworkHeader().Slice())
	return a.IsValid() && a.Op() == header.ARPReply && !c.own[netip.AddrFrom4([4]byte(a.ProtocolAddressSender()))]
}

// Attach implements stack.NetworkLinkEndpoint.
func (c *card) Attach(d stack.NetworkDispatcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dispatcher = d
}

// IsAttached implements stack.NetworkLinkEndpoint.
func (c *card) IsAttached() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.dispatcher != nil
}

// The rest of stack.NetworkLinkEndpoint: a card that never changes.

func (c *card) MTU() uint32                             { return c.mtu }
func (c *card) SetMTU(uint32)                           {}
func (c *card) MaxHeaderLength() uint16                 { return header.EthernetMinimumSize }
func (c *card) LinkAddress() tcpip.LinkAddress          { return c.mac }
func (c *card) SetLinkAddress(tcpip.LinkAddress)        {}
func (c *card) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }
func (c *card) AddHeader(*stack.PacketBuffer)           {}
func (c *card) ParseHeader(*stack.PacketBuffer) bool    { return true }
func (c *card) Wait()                                   {}
func (c *card) Close()                                  {}
func (c *card) SetOnCloseAction(func())                 {}

// Capabilities: frames come from memory, so that checksums need no check.
func (c *card) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityResolutionRequired | stack.CapabilityRXChecksumOffload
}
