package dock

import (
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"

	"github.com/wherry-app/wherry/ui/model"
)

func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

func containerOf(s container.Summary) model.Container {
	c := model.Container{
		ID: s.ID, Image: s.Image, ImageID: s.ImageID, Command: s.Command, State: string(s.State), Status: s.Status,
		Created: time.Unix(s.Created, 0), Since: model.SinceOf(s.Status, time.Now()),
		Project: s.Labels["com.docker.compose.project"], Service: s.Labels["com.docker.compose.service"],
	}
	if len(s.Names) > 0 {
		c.Name = strings.TrimPrefix(s.Names[0], "/")
	}
	switch {
	case s.Health != nil && s.Health.Status != container.NoHealthcheck:
		c.Health = string(s.Health.Status)
	case strings.Contains(s.Status, "(unhealthy)"):
		c.Health = "unhealthy"
	case strings.Contains(s.Status, "(healthy)"):
		c.Health = "healthy"
	case strings.Contains(s.Status, "(health: starting)"):
		c.Health = "starting"
	}
	for _, p := range s.Ports {
		port := model.Port{HostPort: p.PublicPort, Port: p.PrivatePort, Proto: p.Type}
		if p.IP.IsValid() {
			port.HostIP = p.IP.String()
		}
		c.Ports = append(c.Ports, port)
	}
	for _, m := range s.Mounts {
		c.Mounts = append(c.Mounts, mountOf(m))
	}
	if s.NetworkSettings != nil {
		for name := range s.NetworkSettings.Networks {
			c.Networks = append(c.Networks, name)
		}
	}
	return c
}

func mountOf(m container.MountPoint) model.Mount {
	return model.Mount{Type: string(m.Type), Name: m.Name, Source: m.Source, Destination: m.Destination, ReadOnly: !m.RW}
}

func imageOf(s image.Summary) model.Image {
	im := model.Image{ID: s.ID, Size: s.Size, Created: time.Unix(s.Created, 0), Digests: s.RepoDigests}
	for _, t := range s.RepoTags {
		if t != "<none>:<none>" {
			im.Tags = append(im.Tags, t)
		}
	}
	return im
}

func volumeOf(v volume.Volume) model.Volume {
	out := model.Volume{Name: v.Name, Driver: v.Driver, Mountpoint: v.Mountpoint, Size: -1}
	out.Created, _ = time.Parse(time.RFC3339, v.CreatedAt)
	if v.UsageData != nil {
		out.Size = v.UsageData.Size
	}
	return out
}

func networkOf(s network.Summary) model.Network {
	n := model.Network{ID: s.ID, Name: s.Name, Driver: s.Driver, Scope: s.Scope, Internal: s.Internal, Created: s.Created}
	if len(s.IPAM.Config) > 0 && s.IPAM.Config[0].Subnet.IsValid() {
		n.Subnet = s.IPAM.Config[0].Subnet.String()
	}
	return n
}
