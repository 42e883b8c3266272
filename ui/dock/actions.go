package dock

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/model"
)

func (s *Source) client() (*client.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cli == nil {
		return nil, app.Errorf("Start the engine first.", "docker does not answer")
	}
	return s.cli, nil
}

// Start starts a container.
func (s *Source) Start(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerStart(ctx, id, client.ContainerStartOptions{})
	return wrap("start the container", err)
}

// Stop asks a container to end and kills it after its own timeout.
func (s *Source) Stop(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerStop(ctx, id, client.ContainerStopOptions{})
	return wrap("stop the container", err)
}

// Restart stops and starts a container.
func (s *Source) Restart(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerRestart(ctx, id, client.ContainerRestartOptions{})
	return wrap("restart the container", err)
}

// Pause freezes a container's processes.
func (s *Source) Pause(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerPause(ctx, id, client.ContainerPauseOptions{})
	return wrap("pause the container", err)
}

// Unpause lets a container's processes go on.
func (s *Source) Unpause(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
	return wrap("resume the container", err)
}

// Kill ends a container at once.
func (s *Source) Kill(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: "KILL"})
	return wrap("kill the container", err)
}

// Remove deletes a container, running or not. Named volumes stay; with volumes set, nameless ones go.
func (s *Source) Remove(ctx context.Context, id string, volumes bool) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: volumes})
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return wrap("remove the container", err)
}

// Rename gives a container another name.
func (s *Source) Rename(ctx context.Context, id, name string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ContainerRename(ctx, id, client.ContainerRenameOptions{NewName: name})
	return wrap("rename the container", err)
}

// RunContainer makes and starts a container and returns its ID. The image must be there. A container that cannot start
// is removed again.
func (s *Source) RunContainer(ctx context.Context, r model.Run) (string, error) {
	cli, err := s.client()
	if err != nil {
		return "", err
	}
	opts, err := createOptions(r)
	if err != nil {
		return "", err
	}
	made, err := cli.ContainerCreate(ctx, opts)
	if err != nil {
		return "", wrap("create the container", err)
	}
	if _, err := cli.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		_, _ = cli.ContainerRemove(context.WithoutCancel(ctx), made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		return "", wrap("start the container", err)
	}
	return made.ID, nil
}

// createOptions translates a checked run form.
func createOptions(r model.Run) (client.ContainerCreateOptions, error) {
	cfg := &container.Config{Image: r.Image, Cmd: r.Command, Env: r.Env, ExposedPorts: network.PortSet{}}
	host := &container.HostConfig{
		Binds: r.Binds, PortBindings: network.PortMap{}, AutoRemove: r.AutoRemove,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyMode(r.Restart)},
		NetworkMode:   container.NetworkMode(r.Network),
	}
	for _, p := range r.Ports {
		port, ok := network.PortFrom(p.Port, network.IPProtocol(p.Proto))
		if !ok {
			return client.ContainerCreateOptions{}, fmt.Errorf("use port %d: no protocol", p.Port)
		}
		cfg.ExposedPorts[port] = struct{}{}
		b := network.PortBinding{}
		if p.HostPort != 0 {
			b.HostPort = strconv.Itoa(int(p.HostPort))
		}
		if p.HostIP != "" {
			ip, err := netip.ParseAddr(p.HostIP)
			if err != nil {
				return client.ContainerCreateOptions{}, fmt.Errorf("use address %q: %w", p.HostIP, err)
			}
			b.HostIP = ip
		}
		host.PortBindings[port] = append(host.PortBindings[port], b)
	}
	return client.ContainerCreateOptions{Config: cfg, HostConfig: host, Name: r.Name}, nil
}

// wrap names what was tried and adds a hint where docker's words ask for one. It is nil for nil.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	msg := err.Error()
	hint := ""
	switch {
	case strings.Contains(msg, "port is already allocated") || strings.Contains(msg, "address already in use"):
		hint = "Choose another port on this computer, or stop what uses it."
	case strings.Contains(msg, "No such image"):
		hint = "Pull the image first."
	case strings.Contains(msg, "is using its referenced image") || strings.Contains(msg, "image is being used"):
		hint = "Remove the containers made from it first, or force the removal."
	case strings.Contains(msg, "volume is in use"):
		hint = "Remove the containers that use it first."
	case strings.Contains(msg, "has active endpoints"):
		hint = "Disconnect or remove the containers on it first."
	case strings.Contains(msg, "no such host") || strings.Contains(msg, "i/o timeout") || strings.Contains(msg, "TLS handshake"):
		hint = "Check this computer's network connection and proxy."
	case strings.Contains(msg, "manifest unknown") || strings.Contains(msg, "pull access denied") || strings.Contains(msg, "not found: manifest"):
		hint = "Check the name and tag. Private images need a login: docker login."
	case strings.Contains(msg, "no space left on device"):
		hint = "Make the data disk larger in Settings, or remove what is not used."
	case strings.Contains(msg, "Cannot connect to the Docker daemon"):
		hint = "Start the engine."
	}
	return &app.Error{Op: op, Err: err, Next: hint}
}
