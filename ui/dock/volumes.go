package dock

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
)

// inside is where a volume is mounted while it is copied.
const inside = "/wherry-volume"

// copyLabel marks containers that are there for a copy only, and in no list.
const copyLabel = "app.wherry.copy"

// attach makes a container that has the volume but never runs: docker copies in and out of such ones too.
func (s *Source) attach(ctx context.Context, volume string) (cli *client.Client, id string, detach func(), err error) {
	if cli, err = s.client(); err != nil {
		return nil, "", nil, err
	}
	images, err := cli.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return nil, "", nil, wrap("list images", err)
	}
	if len(images.Items) == 0 {
		return nil, "", nil, app.Errorf("Pull or load any image first: docker copies through a container made from it.", "there is no image")
	}
	made, err := cli.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config:     &container.Config{Image: images.Items[0].ID, Cmd: []string{"none"}, Labels: map[string]string{copyLabel: volume}},
		HostConfig: &container.HostConfig{Binds: []string{volume + ":" + inside}, NetworkMode: "none"},
	})
	if err != nil {
		return nil, "", nil, wrap("open volume "+volume, err)
	}
	return cli, made.ID, func() {
		_, _ = cli.ContainerRemove(context.WithoutCancel(ctx), made.ID, client.ContainerRemoveOptions{Force: true})
	}, nil
}

// ExportVolume writes a volume's content as a tar archive.
func (s *Source) ExportVolume(ctx context.Context, name string, w io.Writer) error {
	cli, id, detach, err := s.attach(ctx, name)
	if err != nil {
		return err
	}
	defer detach()
	r, err := cli.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: inside + "/."})
	if err != nil {
		return wrap("export volume "+name, err)
	}
	defer r.Content.Close()
	_, err = io.Copy(w, r.Content)
	return wrap("export volume "+name, err)
}

// ImportVolume adds what a tar archive holds to a volume, which is made if it does not exist. Files of the same name are
// replaced.
func (s *Source) ImportVolume(ctx context.Context, name string, r io.Reader) error {
	cli, id, detach, err := s.attach(ctx, name)
	if err != nil {
		return err
	}
	defer detach()
	_, err = cli.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: inside, Content: r, CopyUIDGID: true})
	return wrap("import into volume "+name, err)
}

// CloneVolume copies a volume to a new one.
func (s *Source) CloneVolume(ctx context.Context, from, to string) error {
	if err := s.CreateVolume(ctx, to); err != nil {
		return err
	}
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.ExportVolume(ctx, from, pw)
		pw.CloseWithError(err)
		done <- err
	}()
	err := s.ImportVolume(ctx, to, pr)
	pr.CloseWithError(io.ErrClosedPipe)
	if out := <-done; out != nil && !errors.Is(out, io.ErrClosedPipe) {
		err = out
	}
	if err != nil {
		_ = s.RemoveVolume(context.WithoutCancel(ctx), to) // half a copy is of no use
		return fmt.Errorf("clone %s: %w", from, err)
	}
	return nil
}
