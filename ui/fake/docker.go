package fake

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/ui/model"
)

// Docker answers like dockerd on a socket of its own, from lists that a test changes.
type Docker struct {
	// Socket is its address, for DOCKER_HOST.
	Socket string

	mu         sync.Mutex
	containers []model.Container
	images     []model.Image
	round      int
	calls      []string
	watchers   map[chan string]bool
	pull       []string
	server     *http.Server
}

// NewDocker starts one for as long as the test lasts.
func NewDocker(t testing.TB) *Docker {
	t.Helper()
	d, err := ListenDocker(filepath.Join(t.TempDir(), "d.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// ListenDocker starts one on a socket at path.
func ListenDocker(path string) (*Docker, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	d := &Docker{Socket: "unix://" + path, watchers: map[chan string]bool{}}
	d.server = &http.Server{Handler: d}
	go func() { _ = d.server.Serve(l) }()
	return d, nil
}

// Close ends it and all its streams.
func (d *Docker) Close() error { return d.server.Close() }

// Set replaces the objects and tells the watchers.
func (d *Docker) Set(cs []model.Container, ims []model.Image) {
	d.mu.Lock()
	d.containers, d.images = cs, ims
	d.mu.Unlock()
	d.event("container", "create")
	d.event("image", "tag")
}

// Pulls are the lines that a pull answers with.
func (d *Docker) Pulls(lines ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pull = lines
}

// Drop ends all streams, as an engine that stops does.
func (d *Docker) Drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.watchers {
		close(w)
		delete(d.watchers, w)
	}
}

// Calls lists the requests that changed something, as "METHOD path".
func (d *Docker) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.calls...)
}

func (d *Docker) event(kind, action string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.watchers {
		select {
		case w <- fmt.Sprintf(`{"Type":%q,"Action":%q,"Actor":{"ID":"x"},"time":1}`+"\n", kind, action):
		default:
		}
	}
}

// ServeHTTP answers the part of docker's API that the window uses.
func (d *Docker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.45")
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/v1."); ok {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		d.mu.Lock()
		d.calls = append(d.calls, r.Method+" "+path)
		d.mu.Unlock()
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/_ping":
		fmt.Fprint(w, "OK")
	case path == "/events":
		d.events(w, r)
	case path == "/containers/json":
		d.list(w)
	case path == "/images/json":
		d.listImages(w)
	case path == "/volumes":
		fmt.Fprint(w, `{"Volumes":[{"Name":"data","Driver":"local","CreatedAt":"2026-01-01T00:00:00Z"}]}`)
	case path == "/networks":
		fmt.Fprint(w, `[{"Id":"n1","Name":"bridge","Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.17.0.0/16"}]}}]`)
	case path == "/images/create":
		d.mu.Lock()
		lines := d.pull
		d.mu.Unlock()
		for _, l := range lines {
			fmt.Fprintln(w, l)
		}
	case len(parts) == 3 && parts[0] == "containers" && parts[2] == "stats":
		d.stats(w, parts[1])
	case len(parts) == 3 && parts[0] == "containers" && parts[2] == "json":
		fmt.Fprintf(w, `{"Id":%q,"Name":"/x","State":{"Status":"running"},"Config":{"Env":["A=1"],"Tty":false},"HostConfig":{}}`, parts[1])
	case len(parts) == 3 && parts[0] == "containers" && parts[2] == "logs":
		frame(w, 1, "2026-03-14T15:09:26.000000000Z to standard output\n")
		frame(w, 2, "2026-03-14T15:09:27.000000000Z to standard error\n")
	case path == "/containers/create":
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"Id":"made"}`)
	case len(parts) >= 2 && parts[0] == "containers":
		d.act(w, r, parts)
	default:
		http.Error(w, `{"message":"the fake has no `+r.Method+" "+path+`"}`, http.StatusNotFound)
	}
}

// frame writes a piece of a multiplexed stream.
func frame(w http.ResponseWriter, stream byte, text string) {
	head := make([]byte, 8)
	head[0] = stream
	binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
	_, _ = w.Write(append(head, text...))
}

func (d *Docker) events(w http.ResponseWriter, r *http.Request) {
	ch := make(chan string, 16)
	d.mu.Lock()
	d.watchers[ch] = true
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.watchers, ch)
		d.mu.Unlock()
	}()
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case line, ok := <-ch:
			if !ok {
				return
			}
			fmt.Fprint(w, line)
			w.(http.Flusher).Flush()
		}
	}
}

func (d *Docker) list(w http.ResponseWriter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []map[string]any{}
	for _, c := range d.containers {
		labels := map[string]string{}
		if c.Project != "" {
			labels["com.docker.compose.project"], labels["com.docker.compose.service"] = c.Project, c.Service
		}
		ports := []map[string]any{}
		for _, p := range c.Ports {
			ports = append(ports, map[string]any{"IP": "127.0.0.1", "PublicPort": p.HostPort, "PrivatePort": p.Port, "Type": p.Proto})
		}
		out = append(out, map[string]any{"Id": c.ID, "Names": []string{"/" + c.Name}, "Image": c.Image, "ImageID": c.ImageID, "State": c.State, "Status": c.Status, "Created": c.Created.Unix(), "Labels": labels, "Ports": ports})
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (d *Docker) listImages(w http.ResponseWriter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []map[string]any{}
	for _, im := range d.images {
		out = append(out, map[string]any{"Id": im.ID, "RepoTags": im.Tags, "Size": im.Size, "Created": im.Created.Unix()})
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (d *Docker) stats(w http.ResponseWriter, id string) {
	d.mu.Lock()
	d.round++
	n := uint64(d.round)
	d.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{
		"read":         time.Now(),
		"cpu_stats":    map[string]any{"cpu_usage": map[string]any{"total_usage": n * 1e7}, "system_cpu_usage": n * 1e9, "online_cpus": 4},
		"memory_stats": map[string]any{"usage": (64 + n%64) << 20, "limit": 4 << 30, "stats": map[string]any{"inactive_file": 16 << 20}},
		"pids_stats":   map[string]any{"current": 3}, "id": id,
	})
}

// act changes a container's state.
func (d *Docker) act(w http.ResponseWriter, r *http.Request, parts []string) {
	states := map[string]string{"start": "running", "stop": "exited", "restart": "running", "pause": "paused", "unpause": "running", "kill": "exited"}
	d.mu.Lock()
	found := false
	for i := range d.containers {
		if d.containers[i].ID != parts[1] {
			continue
		}
		found = true
		next := append([]model.Container(nil), d.containers...)
		if r.Method == http.MethodDelete {
			next = append(next[:i], next[i+1:]...)
		} else {
			next[i].State = states[parts[2]]
		}
		d.containers = next
		break
	}
	d.mu.Unlock()
	if !found {
		http.Error(w, `{"message":"No such container: `+parts[1]+`"}`, http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	d.event("container", "update")
}
