package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Resolver is what of a *net.Resolver the guest's questions need. Names end with a dot.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

var _ Resolver = (*net.Resolver)(nil)

// answers looks a question up: in the network's own names first, then with the host's resolver. A name that exists has no
// answer to a question of a kind that cannot be looked up, nor to one for IPv6 addresses, which the guest cannot use.
func (n *Network) answers(ctx context.Context, q dnsmessage.Question) ([]dnsmessage.ResourceBody, dnsmessage.RCode) {
	name := q.Name.String()
	if own, ok := n.names[strings.ToLower(strings.TrimSuffix(name, "."))]; ok {
		if q.Type != dnsmessage.TypeA {
			return nil, dnsmessage.RCodeSuccess
		}
		return []dnsmessage.ResourceBody{&dnsmessage.AResource{A: own.As4()}}, dnsmessage.RCodeSuccess
	}
	bodies, err := n.lookUp(ctx, name, q.Type)
	var dnsErr *net.DNSError
	switch {
	case err == nil:
		return bodies, dnsmessage.RCodeSuccess
	case errors.As(err, &dnsErr) && dnsErr.IsNotFound:
		return nil, dnsmessage.RCodeNameError
	}
	n.log.Debug("look up", "name", name, "type", q.Type, "error", err)
	return nil, dnsmessage.RCodeServerFailure
}

func (n *Network) lookUp(ctx context.Context, name string, t dnsmessage.Type) (bodies []dnsmessage.ResourceBody, err error) {
	add := func(b dnsmessage.ResourceBody) { bodies = append(bodies, b) }
	// addName adds a body with a name in it, unless the name cannot be one.
	addName := func(s string, body func(dnsmessage.Name) dnsmessage.ResourceBody) {
		if d, err := dnsmessage.NewName(s); err == nil {
			add(body(d))
		}
	}
	switch t {
	case dnsmessage.TypeA:
		addrs, err := n.resolver.LookupNetIP(ctx, "ip4", name)
		for _, a := range addrs {
			if a = a.Unmap(); a.Is4() {
				add(&dnsmessage.AResource{A: a.As4()})
			}
		}
		return bodies, err
	case dnsmessage.TypeCNAME:
		target, err := n.resolver.LookupCNAME(ctx, name)
		if err == nil && target != name {
			addName(target, func(d dnsmessage.Name) dnsmessage.ResourceBody { return &dnsmessage.CNAMEResource{CNAME: d} })
		}
		return bodies, err
	case dnsmessage.TypePTR:
		addr, ok := addrOfPTR(name)
		if !ok {
			return nil, nil
		}
		names, err := n.resolver.LookupAddr(ctx, addr)
		for _, s := range names {
			addName(s, func(d dnsmessage.Name) dnsmessage.ResourceBody { return &dnsmessage.PTRResource{PTR: d} })
		}
		return bodies, err
	case dnsmessage.TypeTXT:
		texts, err := n.resolver.LookupTXT(ctx, name)
		for _, s := range texts {
			add(&dnsmessage.TXTResource{TXT: splitText(s)})
		}
		return bodies, err
	case dnsmessage.TypeMX:
		records, err := n.resolver.LookupMX(ctx, name)
		for _, r := range records {
			addName(r.Host, func(d dnsmessage.Name) dnsmessage.ResourceBody { return &dnsmessage.MXResource{Pref: r.Pref, MX: d} })
		}
		return bodies, err
	case dnsmessage.TypeNS:
		records, err := n.resolver.LookupNS(ctx, name)
		for _, r := range records {
			addName(r.Host, func(d dnsmessage.Name) dnsmessage.ResourceBody { return &dnsmessage.NSResource{NS: d} })
		}
		return bodies, err
	case dnsmessage.TypeSRV:
		_, records, err := n.resolver.LookupSRV(ctx, "", "", name)
		for _, r := range records {
			addName(r.Target, func(d dnsmessage.Name) dnsmessage.ResourceBody {
				return &dnsmessage.SRVResource{Priority: r.Priority, Weight: r.Weight, Port: r.Port, Target: d}
			})
		}
		return bodies, err
	}
	return nil, nil
}

// addrOfPTR is the IPv4 address that the name of a PTR question stands for.
func addrOfPTR(name string) (string, bool) {
	digits, ok := strings.CutSuffix(strings.ToLower(name), ".in-addr.arpa.")
	part := strings.Split(digits, ".")
	if !ok || len(part) != 4 {
		return "", false
	}
	addr := part[3] + "." + part[2] + "." + part[1] + "." + part[0]
	_, err := netip.ParseAddr(addr)
	return addr, err == nil
}

// splitText cuts s into the strings of at most 255 bytes that a TXT record consists of.
func splitText(s string) []string {
	const most = 255
	var parts []string
	for len(s) > most {
		parts = append(parts, s[:most])
		s = s[most:]
	}
	return append(parts, s)
}
