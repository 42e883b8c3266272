package ports_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// dockerd is as much of dockerd as a Watcher asks for.
type dockerd struct {
	*httptest.Server
	mu         sync.Mutex
	containers []string // JSON
	events     map[chan string]bool
	subscribed chan struct{} // gets a value with each subscription
	lists      int
	configs    map[string]string // JSON of the fields of HostConfig, by container
	inspected  int
	onList     func() // called once within the next list
	down       bool
}

func startDockerd(t *testing.T) *dockerd {
	t.Helper()
	d := &dockerd{events: make(map[chan string]bool), subscribed: make(chan struct{}, 100)}
	d.Server = httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(func() { d.CloseClientConnections(); d.Close() })
	return d
}

func (d *dockerd) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	down := d.down
	d.mu.Unlock()
	w.Header().Set("API-Version", "1.45")
	switch _, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1."), "/"); {
	case strings.HasSuffix(r.URL.Path, "_ping"):
		fmt.Fprint(w, "OK")
	case down:
		http.Error(w, `{"message":"shutting down"}`, http.StatusServiceUnavailable)
	case path == "events":
		d.serveEvents(w, r)
	case path == "networks":
		fmt.Fprint(w, `[{"Name":"bridge","Id":"n1","Driver":"bridge"},{"Name":"app","Id":"n2","Driver":"bridge"},{"Name":"a-inner","Id":"n3","Driver":"bridge","Internal":true}]`)
	case path == "containers/json":
		d.mu.Lock()
		d.lists++
		list, f := "["+strings.Join(d.containers, ",")+"]", d.onList
		d.onList = nil
		d.mu.Unlock()
		if f != nil {
			f()
		}
		fmt.Fprint(w, list)
	case strings.HasPrefix(path, "containers/") && strings.HasSuffix(path, "/json"):
		d.mu.Lock()
		d.inspected++
		config := d.configs[strings.TrimSuffix(strings.TrimPrefix(path, "containers/"), "/json")]
		d.mu.Unlock()
		fmt.Fprintf(w, `{"HostConfig":{%s}}`, config)
	default:
		http.NotFound(w, r)
	}
}

func (d *dockerd) serveEvents(w http.ResponseWriter, r *http.Request) {
	var filters map[string]map[string]bool
	if err := json.Unmarshal([]byte(r.URL.Query().Get("filters")), &filters); err != nil || !filters["event"]["start"] || !filters["event"]["die"] ||
		!filters["type"]["container"] || r.URL.Query().Get("since") == "" {
		http.Error(w, `{"message":"unexpected subscription"}`, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	ch := make(chan string, 1000)
	d.mu.Lock()
	d.events[ch] = true
	d.mu.Unlock()
	defer func() { d.mu.Lock(); defer d.mu.Unlock(); delete(d.events, ch) }()
	d.subscribed <- struct{}{}
	for {
		select {
		case e := <-ch:
			fmt.Fprintln(w, e)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// set makes these the running containers and tells the subscribers.
func (d *dockerd) set(containers ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.containers = containers
	d.tell()
}

// tell sends an event; d.mu is held.
func (d *dockerd) tell() {
	for ch := range d.events {
		ch <- `{"Type":"container","Action":"start","Actor":{"ID":"x"}}`
	}
}

// restart breaks all connections, as a dockerd that ends and comes back with other containers does.
func (d *dockerd) restart(containers ...string) {
	d.mu.Lock()
	d.containers = containers
	d.mu.Unlock()
	d.CloseClientConnections()
}

// watch runs a Watcher until the test ends, and returns what it applies.
func (d *dockerd) watch(t *testing.T) <-chan []ports.Rule {
	t.Helper()
	_, applied := d.watcher(t)
	return applied
}

// watcher is watch that returns the Watcher, too.
func (d *dockerd) watcher(t *testing.T) (*ports.Watcher, <-chan []ports.Rule) {
	t.Helper()
	docker, err := client.New(client.WithHost("tcp://" + strings.TrimPrefix(d.URL, "http://")))
	if err != nil {
		t.Fatal(err)
	}
	applied := make(chan []ports.Rule)
	ctx, cancel := context.WithCancel(t.Context())
	w := ports.NewWatcher(ports.WatcherConfig{Docker: docker, Apply: func(r []ports.Rule) {
		select {
		case applied <- r:
		case <-ctx.Done():
		}
	}})
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
		docker.Close()
	})
	return w, applied
}

// container is the JSON of a running one on the default bridge.
func container(name, ip, published string) string {
	return fmt.Sprintf(`{"Id":"%064d","Names":["/other/%s","/%s"],"Ports":[%s],
		"NetworkSettings":{"Networks":{"bridge":{"NetworkID":"n1","IPAddress":"%s"}}}}`, len(name), name, name, published, ip)
}

const port8080 = `{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}`

// names are the rules' containers and ports, which is enough to tell them apart.
func names(rules []ports.Rule) string {
	var s []string
	for _, r := range rules {
		s = append(s, fmt.Sprintf("%s:%d", r.ContainerName, r.HostPort))
	}
	return strings.Join(s, " ")
}

// until waits for rules that read as want.
func until(t *testing.T, applied <-chan []ports.Rule, want string) {
	t.Helper()
	for {
		select {
		case r := <-applied:
			if names(r) == want {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("no rules %q", want)
		}
	}
}

func TestRulesOfContainers(t *testing.T) {
	d := startDockerd(t)
	d.set(
		container("web", "172.17.0.2", port8080+`,{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
			{"IP":"127.0.0.1","PrivatePort":443,"PublicPort":8443,"Type":"tcp"},{"PrivatePort":9000,"Type":"tcp"},
			{"IP":"0.0.0.0","PrivatePort":53,"PublicPort":8080,"Type":"udp"},{"IP":"0.0.0.0","PrivatePort":1,"PublicPort":1,"Type":"sctp"}`),
		`{"Id":"h","Names":["/host"],"Ports":[],"NetworkSettings":{"Networks":{"host":{"NetworkID":"n9","IPAddress":""}}}}`,
		`{"Id":"m","Names":["/macvlan"],"Ports":[`+port8080+`],"NetworkSettings":{"Networks":{"lan":{"NetworkID":"n8","IPAddress":"10.1.1.1"}}}}`,
		`{"Id":"two","Names":["/two"],"Ports":[{"IP":"0.0.0.0","PrivatePort":5432,"PublicPort":5432,"Type":"tcp"}],"NetworkSettings":{"Networks":{
			"a-lan":{"NetworkID":"n8","IPAddress":"10.1.1.2"},"app":{"NetworkID":"n2","IPAddress":"172.18.0.5"},"zzz":{"NetworkID":"n1","IPAddress":"172.17.0.9"}}}}`,
		`{"Id":"six","Names":["/six"],"Ports":[{"IP":"::1","PrivatePort":6,"PublicPort":6666,"Type":"tcp"}],"NetworkSettings":{"Networks":{
			"app":{"NetworkID":"n2","IPAddress":"","GlobalIPv6Address":"fd00::7"}}}}`,
	)
	web := fmt.Sprintf("%064d", 3)
	want := []ports.Rule{
		{Proto: "tcp", HostPort: 5432, ContainerID: "two", ContainerName: "two", Target: netip.MustParseAddrPort("172.18.0.5:5432")},
		{Proto: "tcp", HostPort: 6666, HostIP: netip.IPv6Loopback(), ContainerID: "six", ContainerName: "six", Target: netip.MustParseAddrPort("[fd00::7]:6")},
		{Proto: "tcp", HostPort: 8080, ContainerID: web, ContainerName: "web", Target: netip.MustParseAddrPort("172.17.0.2:80")},
		{Proto: "udp", HostPort: 8080, ContainerID: web, ContainerName: "web", Target: netip.MustParseAddrPort("172.17.0.2:53")},
		{Proto: "tcp", HostPort: 8443, HostIP: netip.MustParseAddr("127.0.0.1"), ContainerID: web, ContainerName: "web", Target: netip.MustParseAddrPort("172.17.0.2:443")},
	}
	if got := <-d.watch(t); !reflect.DeepEqual(got, want) {
		t.Errorf("rules:\n%v\nwant:\n%v", got, want)
	}
}

func TestFollowsEvents(t *testing.T) {
	d := startDockerd(t)
	applied := d.watch(t)
	until(t, applied, "")
	<-d.subscribed
	d.set(container("web", "172.17.0.2", port8080))
	until(t, applied, "web:8080")
	d.set(container("site", "172.17.0.2", port8080))
	until(t, applied, "site:8080")
	d.set()
	until(t, applied, "")
}

// What changes while the containers are being listed must not be lost.
func TestChangeWithinTheList(t *testing.T) {
	d := startDockerd(t)
	d.onList = func() {
		<-d.subscribed
		d.set(container("web", "172.17.0.2", port8080))
	}
	applied := d.watch(t)
	until(t, applied, "web:8080")
}

func TestEventsAreAnsweredTogether(t *testing.T) {
	d := startDockerd(t)
	applied := d.watch(t)
	until(t, applied, "")
	<-d.subscribed
	const events = 500
	for range events {
		d.set(container("web", "172.17.0.2", port8080))
	}
	d.set(container("last", "172.17.0.2", port8080))
	until(t, applied, "last:8080")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lists > events/2 {
		t.Errorf("%d lists for %d events", d.lists, events)
	}
}

func TestSurvivesDockerdsRestart(t *testing.T) {
	d := startDockerd(t)
	d.set(container("old", "172.17.0.2", port8080))
	applied := d.watch(t)
	for i := range 3 {
		name := fmt.Sprintf("new%d", i)
		<-d.subscribed
		d.restart(container(name, "172.17.0.2", port8080))
		until(t, applied, name+":8080")
	}
	<-d.subscribed
	d.mu.Lock()
	d.down = true
	d.mu.Unlock()
	d.CloseClientConnections() // now it is away, and the rules stay as they are
	select {
	case r := <-applied:
		if names(r) != "new2:8080" {
			t.Errorf("rules %q while dockerd is away; want what they were", names(r))
		}
	default:
	}
	d.mu.Lock()
	d.down = false
	d.mu.Unlock()
	until(t, applied, "new2:8080")
}

// From dockerd's events to an open port.
func TestWatcherAndManager(t *testing.T) {
	d := startDockerd(t)
	var guest containers
	guest.set("tcp", "172.17.0.2:80", serve(t, "web"))
	m := newManager(t, ports.Config{Dial: guest.dial})
	port := freePort(t)
	d.set(container("web", "172.17.0.2", fmt.Sprintf(`{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":%d,"Type":"tcp"}`, port)))
	st := published(t, m.Apply(<-d.watch(t)))
	c := dial(t, st.Addr)
	say(t, c, "hi", "web:hi")
	if _, err := net.Dial("tcp", fmt.Sprintf("127.0.0.9:%d", port)); err == nil {
		t.Error("a port published on no address answers on more than loopback")
	}
}
