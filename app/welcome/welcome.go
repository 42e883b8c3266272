package welcome

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/assets/welcome"
)

// Config is what Run needs.
type Config struct {
	// Docker is a client of the running engine.
	Docker *client.Client
	// Archive is the file that is imported as the image.
	Archive string
	// Port on the host; 0 takes 8080, or the next ones that are free.
	Port uint16
}

// Archive is the file of the welcome image, which lies beside the guest image of an architecture.
func Archive(h home.Dir, arch string) string {
	dir, _ := h.ImageDir(arch)
	return filepath.Join(dir, welcome.Archive)
}

// The ports that are tried when none is asked for.
const (
	firstPort = 8080
	lastPort  = 8099
)

// Run sees to it that the welcome container runs, making image and container where they are missing, and returns its URL
// once that answers.
func Run(ctx context.Context, c Config) (url string, err error) {
	if port, ok := running(ctx, c.Docker); ok && (c.Port == 0 || c.Port == port) {
		return answering(ctx, port)
	}
	port, err := choosePort(c.Port)
	if err != nil {
		return "", err
	}
	if err := importImage(ctx, c.Docker, c.Archive); err != nil {
		return "", err
	}
	if _, err := c.Docker.ContainerRemove(ctx, welcome.Container, client.ContainerRemoveOptions{Force: true}); err != nil && !errdefs.IsNotFound(err) {
		return "", fmt.Errorf("replace the welcome container: %w", err)
	}
	inside := network.MustParsePort(strconv.Itoa(welcome.Port) + "/tcp")
	made, err := c.Docker.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name:   welcome.Container,
		Config: &container.Config{Image: welcome.Image, ExposedPorts: network.PortSet{inside: {}}},
		HostConfig: &container.HostConfig{PortBindings: network.PortMap{inside: {{
			HostIP:   netip.MustParseAddr("127.0.0.1"),
			HostPort: strconv.Itoa(int(port)),
		}}}},
	})
	if err != nil {
		return "", fmt.Errorf("create the welcome container: %w", err)
	}
	if _, err := c.Docker.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return "", fmt.Errorf("start the welcome container: %w", err)
	}
	return answering(ctx, port)
}

// running is the host port of a welcome container that runs.
func running(ctx context.Context, docker *client.Client) (uint16, bool) {
	res, err := docker.ContainerInspect(ctx, welcome.Container, client.ContainerInspectOptions{})
	if err != nil || res.Container.State == nil || !res.Container.State.Running || res.Container.HostConfig == nil {
		return 0, false
	}
	for _, bindings := range res.Container.HostConfig.PortBindings {
		for _, b := range bindings {
			if p, err := strconv.ParseUint(b.HostPort, 10, 16); err == nil && p > 0 {
				return uint16(p), true
			}
		}
	}
	return 0, false
}

// choosePort is the port asked for, if it is free, or else the first free one.
func choosePort(asked uint16) (uint16, error) {
	if asked != 0 {
		if err := free(asked); err != nil {
			return 0, app.Errorf("choose another one with --port", "port %d is taken on this computer: %w", asked, err)
		}
		return asked, nil
	}
	for p := uint16(firstPort); p <= lastPort; p++ {
		err := free(p)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return 0, fmt.Errorf("look for a free port: %w", err)
		}
	}
	return 0, app.Errorf("choose one with --port", "the ports %d to %d are all taken on this computer", firstPort, lastPort)
}

func free(port uint16) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
	if err != nil {
		return err
	}
	return l.Close()
}

// importImage makes the image if the engine has not got it.
func importImage(ctx context.Context, docker *client.Client, archive string) error {
	if _, err := docker.ImageInspect(ctx, welcome.Image); err == nil {
		return nil
	}
	f, err := os.Open(archive)
	if err != nil {
		return app.Errorf("run `make guest` in Wherry's source folder, or install Wherry anew", "the welcome image is missing: %w", err)
	}
	defer f.Close()
	res, err := docker.ImageImport(ctx, client.ImageImportSource{Source: f, SourceName: "-"}, welcome.Image, client.ImageImportOptions{
		Tag:     "latest",
		Changes: []string{`ENTRYPOINT ["` + welcome.Program + `"]`, fmt.Sprintf("EXPOSE %d", welcome.Port)},
	})
	if err != nil {
		return fmt.Errorf("import the welcome image: %w", err)
	}
	_, err = io.Copy(io.Discard, res)
	if err = errors.Join(err, res.Close()); err != nil {
		return fmt.Errorf("import the welcome image: %w", err)
	}
	return nil
}

// answering waits until the page answers. The port is forwarded just after the container starts.
func answering(ctx context.Context, port uint16) (string, error) {
	url := fmt.Sprintf("http://localhost:%d", port)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := get(ctx, fmt.Sprintf("http://127.0.0.1:%d", port))
		if err == nil {
			return url, nil
		}
		select {
		case <-ctx.Done():
			return "", app.Errorf("see `wherry ports` and `docker logs "+welcome.Container+"`", "the welcome page does not answer on %s: %w", url, err)
		case <-tick.C:
		}
	}
}

func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	c := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", res.Status)
	}
	return nil
}
