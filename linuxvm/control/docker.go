package control

import (
	"context"
	"errors"
)

// DockerConfig is what the host decides about dockerd. The guest keeps it beside docker's data, so that a later boot has
// it from the start.
type DockerConfig struct {
	// RegistryMirrors are URLs of mirrors of Docker Hub, InsecureRegistries hosts or networks without TLS. A running
	// dockerd takes them up at once.
	RegistryMirrors    []string `json:"registry_mirrors,omitempty"`
	InsecureRegistries []string `json:"insecure_registries,omitempty"`
	// CA are certificates in PEM of more authorities that dockerd trusts; nil leaves them as they are, a text without any
	// certificate takes them away. A change makes dockerd start again, which ends its containers.
	CA *string `json:"ca,omitempty"`
}

// ProxyPort is the port of the gateway, the host's end of the guest's network, where the host has an HTTP proxy for dockerd.
const ProxyPort = 3128

// A DockerConfigurer is a Guest whose dockerd can be configured.
type DockerConfigurer interface {
	// ConfigureDocker makes dockerd's configuration that, and returns when dockerd has it; a configuration that it has
	// already changes nothing. It waits for the data disk. restarted says that dockerd was started again for it.
	ConfigureDocker(ctx context.Context, c DockerConfig) (restarted bool, err error)
}

const methodConfigureDocker = "/" + serviceName + "/ConfigureDocker"

type configureDockerReply struct {
	Restarted bool `json:"restarted,omitempty"`
}

func (g *guestServer) configureDocker(ctx context.Context, c DockerConfig) (*configureDockerReply, error) {
	d, ok := g.guest.(DockerConfigurer)
	if !ok {
		return nil, toStatus(errors.ErrUnsupported)
	}
	restarted, err := d.ConfigureDocker(ctx, c)
	return &configureDockerReply{restarted}, toStatus(err)
}

var _ DockerConfigurer = (*Client)(nil)

// ConfigureDocker implements DockerConfigurer; errors.ErrUnsupported if the agent does not.
func (c *Client) ConfigureDocker(ctx context.Context, d DockerConfig) (restarted bool, err error) {
	var r configureDockerReply
	if err := c.conn.Invoke(ctx, methodConfigureDocker, &d, &r); err != nil {
		return false, fromStatus(ctx, err)
	}
	return r.Restarted, nil
}
