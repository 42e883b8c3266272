package ports_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// TestBindAllMovesListeners: a rule without an address moves between loopback and all interfaces, one with an address
// stays, and so do connections.
func TestBindAllMovesListeners(t *testing.T) {
	var c containers
	c.set("tcp", "172.17.0.2:80", serve(t, "web"))
	m := newManager(t, ports.Config{Dial: c.dial})
	port, other := freePort(t), freePort(t)
	fixed := rule(other, "172.17.0.2:80")
	fixed.HostIP = mustAddr("127.0.0.1")
	m.Apply([]ports.Rule{rule(port, "172.17.0.2:80"), fixed})
	loopback := fmt.Sprintf("127.0.0.1:%d", port)
	standing := dial(t, loopback)
	say(t, standing, "a", "web:a")

	all := m.BindAll(true)
	if len(all) != 2 || all[0].Err != nil || all[1].Err != nil {
		t.Fatalf("%+v", all)
	}
	for _, st := range all {
		want := fmt.Sprintf("127.0.0.1:%d", other)
		if st.Rule.HostPort == port {
			want = fmt.Sprintf("0.0.0.0:%d", port)
		}
		if st.Addr != want {
			t.Errorf("answers on %s, want %s", st.Addr, want)
		}
	}
	say(t, standing, "b", "web:b")
	// An address of loopback's network that only a listener on all interfaces has.
	say(t, dial(t, fmt.Sprintf("127.0.0.9:%d", port)), "c", "web:c")

	if st := m.BindAll(false); st[0].Err != nil || !strings.HasPrefix(st[0].Addr, "127.0.0.1:") {
		t.Fatalf("%+v", st)
	}
	say(t, standing, "d", "web:d")
	say(t, dial(t, loopback), "e", "web:e")
	if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.9:%d", port)); err == nil {
		c.Close()
		t.Error("it still answers on other addresses")
	}
}
