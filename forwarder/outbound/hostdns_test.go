package outbound

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// hostDNS is the name server that a host's resolver asks; what it knows can change, as when a VPN comes up.
type hostDNS struct {
	mu    sync.Mutex
	known map[dnsmessage.Type][]dnsmessage.ResourceBody
	tcp   int // questions by TCP
}

func (d *hostDNS) set(t dnsmessage.Type, bodies ...dnsmessage.ResourceBody) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[t] = bodies
}

// answer answers a question about corp.example; by UDP no more than fits.
func (d *hostDNS) answer(msg []byte, tcp bool) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: h.ID, Response: true, RecursionAvailable: true}, Questions: []dnsmessage.Question{q}}
	alias := name("alias.corp.example.")
	owner := q.Name
	switch {
	case q.Name == alias:
		owner = name("corp.example.")
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: alias, Class: dnsmessage.ClassINET}, Body: &dnsmessage.CNAMEResource{CNAME: owner}})
	case q.Name != name("corp.example."):
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, b := range d.known[q.Type] {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Class: dnsmessage.ClassINET}, Body: b})
	}
	a, err := m.Pack()
	if err != nil {
		return nil
	}
	if tcp {
		d.tcp++
	} else if len(a) > udpAnswerMin {
		m.Truncated, m.Answers = true, nil
		a, _ = m.Pack()
	}
	return a
}

// start serves on a port of the loopback, and returns a resolver that asks there.
func (d *hostDNS) start(t *testing.T) *net.Resolver {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _, _ = udp.Close(), tcp.Close(); wg.Wait() })
	wg.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo(d.answer(buf[:n], false), from)
		}
	})
	wg.Go(func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				var h [2]byte
				if _, err := io.ReadFull(c, h[:]); err != nil {
					return
				}
				msg := make([]byte, binary.BigEndian.Uint16(h[:]))
				if _, err := io.ReadFull(c, msg); err != nil {
					return
				}
				a := d.answer(msg, true)
				_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...))
			})
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		to := udp.LocalAddr().String()
		if strings.HasPrefix(network, "tcp") {
			to = tcp.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}}
}

// TestAnswersFollowTheHostsResolver: with Go's resolver, as the daemon has it, and a server behind it: all types, answers
// that need TCP on both sides, and what has changed since the last question.
func TestAnswersFollowTheHostsResolver(t *testing.T) {
	d := &hostDNS{known: map[dnsmessage.Type][]dnsmessage.ResourceBody{}}
	d.set(dnsmessage.TypeA, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 7}})
	d.set(dnsmessage.TypeMX, &dnsmessage.MXResource{Pref: 5, MX: name("mail.corp.example.")})
	d.set(dnsmessage.TypeSRV, &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 389, Target: name("ldap.corp.example.")})
	d.set(dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: []string{strings.Repeat("a", 255), strings.Repeat("b", 255), strings.Repeat("c", 200)}})
	n, err := New(Config{Resolver: d.start(t)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(who string, typ dnsmessage.Type, tcp bool) dnsmessage.Message {
		t.Helper()
		return parse(t, n.answer(t.Context(), question(t, who, typ, 0), tcp))
	}
	if a := ask("alias.corp.example.", dnsmessage.TypeA, false).Answers; len(a) != 1 || a[0].Body.(*dnsmessage.AResource).A != [4]byte{192, 0, 2, 7} {
		t.Errorf("A by an alias: %v", a)
	}
	if a := ask("alias.corp.example.", dnsmessage.TypeCNAME, false).Answers; len(a) != 1 || a[0].Body.(*dnsmessage.CNAMEResource).CNAME != name("corp.example.") {
		t.Errorf("CNAME: %v", a)
	}
	if a := ask("corp.example.", dnsmessage.TypeMX, false).Answers; len(a) != 1 || a[0].Body.(*dnsmessage.MXResource).MX != name("mail.corp.example.") {
		t.Errorf("MX: %v", a)
	}
	if a := ask("corp.example.", dnsmessage.TypeSRV, false).Answers; len(a) != 1 || a[0].Body.(*dnsmessage.SRVResource).Port != 389 {
		t.Errorf("SRV: %v", a)
	}
	if m := ask("corp.example.", dnsmessage.TypeTXT, false); !m.Truncated || len(m.Answers) != 0 {
		t.Errorf("a long TXT by UDP: %v", m.Header)
	}
	m := ask("corp.example.", dnsmessage.TypeTXT, true)
	if len(m.Answers) != 1 || len(strings.Join(m.Answers[0].Body.(*dnsmessage.TXTResource).TXT, "")) != 710 || d.tcp == 0 {
		t.Errorf("a long TXT by TCP: %v; the host asked %d times by TCP", m.Answers, d.tcp)
	}
	if m := ask("none.example.", dnsmessage.TypeA, false); m.RCode != dnsmessage.RCodeNameError {
		t.Errorf("a name that is not there: %v", m.RCode)
	}
	d.set(dnsmessage.TypeA, &dnsmessage.AResource{A: [4]byte{10, 8, 0, 1}}) // the VPN is up
	if a := ask("corp.example.", dnsmessage.TypeA, false).Answers; len(a) != 1 || a[0].Body.(*dnsmessage.AResource).A != [4]byte{10, 8, 0, 1} {
		t.Errorf("A after a change: %v", a)
	}
}
