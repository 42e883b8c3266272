package dock

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/ui/model"
)

// CreateVolume makes a local volume.
func (s *Source) CreateVolume(ctx context.Context, name string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name})
	return wrap("create the volume", err)
}

// RemoveVolume deletes a volume and what is in it.
func (s *Source) RemoveVolume(ctx context.Context, name string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.VolumeRemove(ctx, name, client.VolumeRemoveOptions{})
	return wrap("remove the volume", err)
}

// PruneVolumes deletes all volumes that no container uses and returns the bytes that became free.
func (s *Source) PruneVolumes(ctx context.Context) (int64, error) {
	cli, err := s.client()
	if err != nil {
		return 0, err
	}
	r, err := cli.VolumePrune(ctx, client.VolumePruneOptions{All: true})
	return int64(r.Report.SpaceReclaimed), wrap("prune the volumes", err)
}

// MeasureVolumes finds out how large the volumes are, which can take docker a while, and publishes it with the lists.
func (s *Source) MeasureVolumes(ctx context.Context) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	r, err := cli.DiskUsage(ctx, client.DiskUsageOptions{Volumes: true, Verbose: true})
	if err != nil {
		return wrap("measure the volumes", err)
	}
	s.publish(func(l *model.Lists) {
		for _, v := range r.Volumes.Items {
			if v.UsageData != nil {
				s.sizes[v.Name] = v.UsageData.Size
			}
		}
		s.fillSizes(l)
	})
	return nil
}

// fillSizes puts the known sizes into the list; it is called while publishing.
func (s *Source) fillSizes(l *model.Lists) {
	if len(s.sizes) == 0 {
		return
	}
	l.Volumes = convert(l.Volumes, func(v model.Volume) model.Volume {
		if n, ok := s.sizes[v.Name]; ok {
			v.Size = n
		}
		return v
	})
}

// CreateNetwork makes a bridge network; docker chooses the subnet if it is empty.
func (s *Source) CreateNetwork(ctx context.Context, name, subnet string, internal bool) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	opts := client.NetworkCreateOptions{Driver: "bridge", Internal: internal}
	if subnet != "" {
		p, err := netip.ParsePrefix(subnet)
		if err != nil {
			return fmt.Errorf("read subnet %q: %w", subnet, err)
		}
		opts.IPAM = &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{Subnet: p}}}
	}
	_, err = cli.NetworkCreate(ctx, name, opts)
	return wrap("create the network", err)
}

// RemoveNetwork deletes a network.
func (s *Source) RemoveNetwork(ctx context.Context, id string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	return wrap("remove the network", err)
}

// InspectNetwork is a network's description as indented JSON.
func (s *Source) InspectNetwork(ctx context.Context, id string) (string, error) {
	cli, err := s.client()
	if err != nil {
		return "", err
	}
	r, err := cli.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if err != nil {
		return "", wrap("inspect the network", err)
	}
	return indent(r.Network)
}

// InspectVolume is a volume's description as indented JSON.
func (s *Source) InspectVolume(ctx context.Context, name string) (string, error) {
	cli, err := s.client()
	if err != nil {
		return "", err
	}
	r, err := cli.VolumeInspect(ctx, name, client.VolumeInspectOptions{})
	if err != nil {
		return "", wrap("inspect the volume", err)
	}
	return indent(r.Volume)
}

func indent(v any) (string, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return string(b), err
}
