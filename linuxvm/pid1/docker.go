package pid1

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// dockerClient asks dockerd the little that the agent needs to know.
type dockerClient struct{ http *http.Client }

func newDockerClient() dockerClient {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", dockerSocket)
	}
	return dockerClient{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

func (d dockerClient) close() { d.http.CloseIdleConnections() }

// dockerSocket is dockerd's socket; it listens on no network.
const dockerSocket = "/run/docker.sock"

// container is one as dockerd tells of it.
type container struct {
	ID           string `json:"Id"`
	Name         string
	HostnamePath string
	State        struct {
		Running  bool
		ExitCode int
	}
	HostConfig struct {
		RestartPolicy struct{ Name string }
	}
}

// dir is where dockerd keeps what it knows of the container.
func (c container) dir() string { return filepath.Dir(c.HostnamePath) }

// startsAtBoot says whether dockerd would start the container when it starts, by its restart policy.
func (c container) startsAtBoot(stoppedByUser bool) bool {
	if c.State.Running {
		return false
	}
	switch c.HostConfig.RestartPolicy.Name {
	case "always":
		return true
	case "unless-stopped":
		return !stoppedByUser
	case "on-failure":
		return c.State.ExitCode != 0
	}
	return false
}

// parseStoppedByUser reads it out of dockerd's own file of a container.
func parseStoppedByUser(config []byte) bool {
	var c struct{ HasBeenManuallyStopped bool }
	return json.Unmarshal(config, &c) == nil && c.HasBeenManuallyStopped
}

// resting are the containers that do not run.
func (d dockerClient) resting(ctx context.Context) ([]container, error) {
	var list []struct {
		ID    string `json:"Id"`
		State string
	}
	if err := d.get(ctx, "/containers/json?all=1", &list); err != nil {
		return nil, err
	}
	var all []container
	for _, l := range list {
		if l.State == "running" {
			continue
		}
		var c container
		if err := d.get(ctx, "/containers/"+l.ID+"/json", &c); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// start starts a container. That it runs already is no error.
func (d dockerClient) start(ctx context.Context, id string) error {
	return d.do(ctx, http.MethodPost, "/containers/"+id+"/start", nil)
}

// pingPatience is how long dockerd may take to say that it lives.
const pingPatience = 4 * time.Second

// ping is nil if dockerd answers.
func (d dockerClient) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingPatience)
	defer cancel()
	return d.do(ctx, http.MethodGet, "/_ping", nil)
}

func (d dockerClient) get(ctx context.Context, path string, into any) error {
	return d.do(ctx, http.MethodGet, path, into)
}

// do makes a request and decodes the answer, unless into is nil.
func (d dockerClient) do(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, nil)
	if err != nil {
		return err
	}
	res, err := d.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		b, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, strings.TrimSpace(string(b)))
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}
