package outbound

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// fakeResolver knows a few names.
type fakeResolver struct{ Resolver }

func (fakeResolver) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	switch host {
	case "one.example.":
		return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
	case "broken.example.":
		return nil, &net.DNSError{Err: "server misbehaving", Name: host, IsTemporary: true}
	case "many.example.":
		var all []netip.Addr
		for i := range 100 {
			all = append(all, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
		}
		return all, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (fakeResolver) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return []string{"ptr-" + strings.ReplaceAll(addr, ".", "-") + ".example."}, nil
}

func (fakeResolver) LookupCNAME(context.Context, string) (string, error) { return "one.example.", nil }

func (fakeResolver) LookupTXT(context.Context, string) ([]string, error) {
	return []string{"short", strings.Repeat("x", 300)}, nil
}

func (fakeResolver) LookupMX(context.Context, string) ([]*net.MX, error) {
	return []*net.MX{{Host: "mail.example.", Pref: 7}}, nil
}

func (fakeResolver) LookupNS(context.Context, string) ([]*net.NS, error) {
	return []*net.NS{{Host: "ns.example."}}, nil
}

func (fakeResolver) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", []*net.SRV{{Target: "srv.example.", Port: 5060, Priority: 1, Weight: 2}}, nil
}

func question(t testing.TB, name string, typ dnsmessage.Type, size int) []byte {
	t.Helper()
	n, err := dnsmessage.NewName(name)
	if err != nil {
		t.Fatal(err)
	}
	return pack(dnsmessage.Header{ID: 4711, RecursionDesired: true},
		[]dnsmessage.Question{{Name: n, Type: typ, Class: dnsmessage.ClassINET}}, nil, size)
}

func parse(t testing.TB, b []byte) dnsmessage.Message {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil {
		t.Fatalf("unpack % x: %v", b, err)
	}
	if !m.Response || m.ID != 4711 || len(m.Questions) != 1 {
		t.Fatalf("answer %+v; want one to our question", m.Header)
	}
	return m
}

func name(s string) dnsmessage.Name { return dnsmessage.MustNewName(s) }

func TestAnswers(t *testing.T) {
	n, err := New(Config{Resolver: fakeResolver{}, Names: map[string]netip.Addr{"extra.internal": netip.MustParseAddr("10.9.8.7")}})
	if err != nil {
		t.Fatal(err)
	}
	a := func(s string) dnsmessage.ResourceBody {
		return &dnsmessage.AResource{A: netip.MustParseAddr(s).As4()}
	}
	for _, c := range []struct {
		name  string
		typ   dnsmessage.Type
		rcode dnsmessage.RCode
		want  []dnsmessage.ResourceBody
	}{
		{"host.docker.internal.", dnsmessage.TypeA, 0, []dnsmessage.ResourceBody{a(DefaultHost)}},
		{"Host.Docker.Internal.", dnsmessage.TypeA, 0, []dnsmessage.ResourceBody{a(DefaultHost)}},
		{"host.containers.internal.", dnsmessage.TypeA, 0, []dnsmessage.ResourceBody{a(DefaultHost)}},
		{"gateway.docker.internal.", dnsmessage.TypeA, 0, []dnsmessage.ResourceBody{a(DefaultGateway)}},
		{"extra.internal.", dnsmessage.TypeA, 0, []dnsmessage.ResourceBody{a("10.9.8.7")}},
		{"host.docker.internal.", dnsmessage.TypeAAAA, 0, nil},
		{"one.example.", dnsmessage.TypeA, 0, []dnsmessage.ResourceBody{a("192.0.2.1"), a("192.0.2.2")}},
		{"one.example.", dnsmessage.TypeAAAA, 0, nil},
		{"none.example.", dnsmessage.TypeA, dnsmessage.RCodeNameError, nil},
		{"broken.example.", dnsmessage.TypeA, dnsmessage.RCodeServerFailure, nil},
		{"1.2.0.192.in-addr.arpa.", dnsmessage.TypePTR, 0, []dnsmessage.ResourceBody{&dnsmessage.PTRResource{PTR: name("ptr-192-0-2-1.example.")}}},
		{"x.2.0.192.in-addr.arpa.", dnsmessage.TypePTR, 0, nil},
		{"alias.example.", dnsmessage.TypeCNAME, 0, []dnsmessage.ResourceBody{&dnsmessage.CNAMEResource{CNAME: name("one.example.")}}},
		{"one.example.", dnsmessage.TypeCNAME, 0, nil},
		{"txt.example.", dnsmessage.TypeTXT, 0, []dnsmessage.ResourceBody{
			&dnsmessage.TXTResource{TXT: []string{"short"}},
			&dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 255), strings.Repeat("x", 45)}},
		}},
		{"mx.example.", dnsmessage.TypeMX, 0, []dnsmessage.ResourceBody{&dnsmessage.MXResource{Pref: 7, MX: name("mail.example.")}}},
		{"ns.example.", dnsmessage.TypeNS, 0, []dnsmessage.ResourceBody{&dnsmessage.NSResource{NS: name("ns.example.")}}},
		{"_sip._udp.example.", dnsmessage.TypeSRV, 0, []dnsmessage.ResourceBody{
			&dnsmessage.SRVResource{Target: name("srv.example."), Port: 5060, Priority: 1, Weight: 2},
		}},
		{"one.example.", dnsmessage.Type(65), 0, nil},
	} {
		m := parse(t, n.answer(t.Context(), question(t, c.name, c.typ, 0), true))
		var got []dnsmessage.ResourceBody
		for _, r := range m.Answers {
			got = append(got, r.Body)
		}
		if m.RCode != c.rcode || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %v = %v, %v; want %v, %v", c.name, c.typ, m.RCode, got, c.rcode, c.want)
		}
	}
}

func TestLongAnswers(t *testing.T) {
	n, err := New(Config{Resolver: fakeResolver{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tcp       bool
		size      int
		truncated bool
	}{{false, 0, true}, {false, 512, true}, {false, 4096, false}, {true, 0, false}} {
		b := n.answer(t.Context(), question(t, "many.example.", dnsmessage.TypeA, 0), c.tcp)
		if c.size > 0 {
			q := question(t, "many.example.", dnsmessage.TypeA, 1)
			binary.BigEndian.PutUint16(q[len(q)-8:], uint16(c.size)) // the OPT record's class
			b = n.answer(t.Context(), q, c.tcp)
		}
		m := parse(t, b)
		if m.Truncated != c.truncated || (len(m.Answers) == 100) == c.truncated || (len(m.Additionals) > 0) != (c.size > 0) {
			t.Errorf("%+v: truncated %v, %d answers, %d additionals", c, m.Truncated, len(m.Answers), len(m.Additionals))
		}
		if !c.tcp && len(b) > max(c.size, 512) {
			t.Errorf("%+v: an answer of %d bytes", c, len(b))
		}
	}
}

// From the guest, over its card.
func TestDNSOverTheCard(t *testing.T) {
	v := startVM(t, Config{Resolver: fakeResolver{}})
	q := question(t, "host.docker.internal.", dnsmessage.TypeA, 0)

	c := v.dialUDP(t, DefaultGateway+":53")
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(q); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1024)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if m := parse(t, buf[:n]); len(m.Answers) != 1 {
		t.Errorf("UDP: %d answers", len(m.Answers))
	}

	s, err := v.dialTCP(t.Context(), DefaultGateway+":53")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 { // two on one connection
		if _, err := s.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)); err != nil {
			t.Fatal(err)
		}
		var h [2]byte
		if _, err := io.ReadFull(s, h[:]); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, binary.BigEndian.Uint16(h[:]))
		if _, err := io.ReadFull(s, b); err != nil {
			t.Fatal(err)
		}
		if m := parse(t, b); len(m.Answers) != 1 {
			t.Errorf("TCP: %d answers", len(m.Answers))
		}
	}
}

// FuzzAnswer: any message is answered with a message, or not at all.
func FuzzAnswer(f *testing.F) {
	f.Add(question(f, "host.docker.internal.", dnsmessage.TypeA, 0))
	f.Add(question(f, "txt.example.", dnsmessage.TypeTXT, 1))
	f.Add([]byte("\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01\x01b\x00\x00\x01\x00\x01"))
	f.Add(make([]byte, 12))
	n, err := New(Config{Resolver: fakeResolver{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		b := n.answer(t.Context(), in, false)
		if b == nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(b); err != nil || !m.Response || m.ID != binary.BigEndian.Uint16(in) {
			t.Fatalf("% x answered with % x: %v", in, b, err)
		}
	})
}
