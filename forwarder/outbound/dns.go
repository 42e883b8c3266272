package outbound

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
)

const (
	dnsPort = 53
	// dnsTTL is how many seconds the guest may keep an answer: the host has a cache of its own.
	dnsTTL = 5
	// dnsPatience is how long a question may take, and how long a TCP client may say nothing.
	dnsPatience = 10 * time.Second
	// dnsMax is how many questions are looked up at once; more wait.
	dnsMax = 256
	// udpAnswerMin is the longest answer by UDP to who does not say that it takes more.
	udpAnswerMin = 512
	tcpAnswerMax = 1<<16 - 1
)

// serveNames answers questions on the gateway's port 53, by UDP and TCP, until the stack or ctx ends.
func (g *guest) serveNames(ctx context.Context) error {
	at := tcpip.FullAddress{NIC: nicID, Addr: toTCPIP(g.gateway), Port: dnsPort}
	conn, err := gonet.DialUDP(g.stack, &at, nil, ipv4.ProtocolNumber)
	if err != nil {
		return fmt.Errorf("listen for DNS: %w", err)
	}
	l, err := gonet.ListenTCP(g.stack, at, ipv4.ProtocolNumber)
	if err != nil {
		conn.Close()
		return fmt.Errorf("listen for DNS: %w", err)
	}
	context.AfterFunc(ctx, func() { conn.Close(); l.Close() })
	slots := make(chan struct{}, dnsMax)
	g.start(func() { g.serveNamesUDP(ctx, conn, slots) })
	g.start(func() { g.serveNamesTCP(ctx, l, slots) })
	return nil
}

func (g *guest) serveNamesUDP(ctx context.Context, conn net.PacketConn, slots chan struct{}) {
	buf := make([]byte, udpLargest)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		question := append([]byte(nil), buf[:n]...)
		slots <- struct{}{}
		g.start(func() {
			defer func() { <-slots }()
			if a := g.answer(ctx, question, false); a != nil {
				_, _ = conn.WriteTo(a, from)
			}
		})
	}
}

func (g *guest) serveNamesTCP(ctx context.Context, l net.Listener, slots chan struct{}) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		g.start(func() {
			defer c.Close()
			stop := context.AfterFunc(ctx, func() { c.Close() })
			defer stop()
			for g.answerTCP(ctx, c, slots) == nil {
			}
		})
	}
}

// answerTCP reads one question, behind its length, and answers it.
func (g *guest) answerTCP(ctx context.Context, c net.Conn, slots chan struct{}) error {
	_ = c.SetDeadline(time.Now().Add(dnsPatience))
	var h [2]byte
	if _, err := io.ReadFull(c, h[:]); err != nil {
		return err
	}
	question := make([]byte, binary.BigEndian.Uint16(h[:]))
	if _, err := io.ReadFull(c, question); err != nil {
		return err
	}
	slots <- struct{}{}
	a := g.answer(ctx, question, true)
	<-slots
	if a == nil {
		return io.ErrUnexpectedEOF
	}
	_ = c.SetDeadline(time.Now().Add(dnsPatience))
	_, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...))
	return err
}

// answer makes the answer to a message; nil if that is no question.
func (n *Network) answer(ctx context.Context, msg []byte, tcp bool) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.Response {
		return nil
	}
	reply := dnsmessage.Header{ID: h.ID, Response: true, OpCode: h.OpCode, RecursionDesired: h.RecursionDesired, RecursionAvailable: true}
	questions, err := p.AllQuestions()
	switch {
	case err != nil || len(questions) != 1:
		reply.RCode = dnsmessage.RCodeFormatError
		return pack(reply, nil, nil, 0)
	case h.OpCode != 0:
		reply.RCode = dnsmessage.RCodeNotImplemented
		return pack(reply, questions, nil, 0)
	}
	size := udpSize(&p)
	ctx, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	var bodies []dnsmessage.ResourceBody
	bodies, reply.RCode = n.answers(ctx, questions[0])
	a := pack(reply, questions, bodies, size)
	limit := tcpAnswerMax
	if !tcp {
		limit = max(size, udpAnswerMin)
	}
	if len(a) > limit {
		reply.Truncated = true
		a = pack(reply, questions, nil, size)
	}
	return a
}

// udpSize is the length of answers that a message, parsed up to its questions, says it takes; 0 if it does not say.
func udpSize(p *dnsmessage.Parser) int {
	if p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		return 0
	}
	for {
		h, err := p.AdditionalHeader()
		if err != nil {
			return 0
		}
		if h.Type == dnsmessage.TypeOPT {
			return max(int(h.Class), udpAnswerMin)
		}
		if p.SkipAdditional() != nil {
			return 0
		}
	}
}

// pack makes a message; with a size other than 0 it says that it knows how to say it. What cannot be packed is nil.
func pack(h dnsmessage.Header, questions []dnsmessage.Question, bodies []dnsmessage.ResourceBody, size int) []byte {
	m := dnsmessage.Message{Header: h, Questions: questions}
	for _, b := range bodies {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: questions[0].Name, Class: dnsmessage.ClassINET, TTL: dnsTTL},
			Body:   b,
		})
	}
	if size > 0 {
		var opt dnsmessage.ResourceHeader
		if opt.SetEDNS0(udpLargest-1, dnsmessage.RCodeSuccess, false) == nil {
			m.Additionals = []dnsmessage.Resource{{Header: opt, Body: &dnsmessage.OPTResource{}}}
		}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}
