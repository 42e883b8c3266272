package dock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/ui/model"
)

// Pull fetches an image and reports its progress until it is there or ctx ends.
func (s *Source) Pull(ctx context.Context, ref string, report func(model.Progress)) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	auth, err := s.login(ref)
	if err != nil {
		s.cfg.Log.Warn("pull without a login", "error", err) // most images need none
	}
	r, err := cli.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return refused(ref, wrap("pull "+ref, err))
	}
	defer r.Close()
	return refused(ref, wrap("pull "+ref, follow(r.JSONMessages(ctx), report)))
}

// Push sends an image to its registry, with the login that docker has stored for it.
func (s *Source) Push(ctx context.Context, ref string, report func(model.Progress)) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	auth, err := s.login(ref)
	if err != nil {
		return err
	}
	r, err := cli.ImagePush(ctx, ref, client.ImagePushOptions{RegistryAuth: auth})
	if err != nil {
		return refused(ref, wrap("push "+ref, err))
	}
	defer r.Close()
	return refused(ref, wrap("push "+ref, follow(r.JSONMessages(ctx), report)))
}

func follow(messages iter.Seq2[jsonstream.Message, error], report func(model.Progress)) error {
	for m, err := range messages {
		if err != nil {
			return err
		}
		if m.Error != nil {
			return m.Error
		}
		report(progressOf(m))
	}
	return nil
}

func progressOf(m jsonstream.Message) model.Progress {
	p := model.Progress{ID: m.ID, Status: m.Status}
	if p.Status == "" {
		p.Status = m.Stream
	}
	if m.Progress != nil {
		p.Current, p.Total = m.Progress.Current, m.Progress.Total
	}
	return p
}

// Load reads images from a tar archive.
func (s *Source) Load(ctx context.Context, tar io.Reader, report func(model.Progress)) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	r, err := cli.ImageLoad(ctx, tar)
	if err != nil {
		return wrap("load the images", err)
	}
	defer r.Close()
	dec := json.NewDecoder(r)
	for {
		var m jsonstream.Message
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return wrap("load the images", err)
		case m.Error != nil:
			return wrap("load the images", m.Error)
		}
		report(progressOf(m))
	}
}

// Save writes images as a tar archive.
func (s *Source) Save(ctx context.Context, refs []string, tar io.Writer) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	r, err := cli.ImageSave(ctx, refs)
	if err != nil {
		return wrap("save the image", err)
	}
	defer r.Close()
	_, err = io.Copy(tar, r)
	return wrap("save the image", err)
}

// Tag gives an image another name.
func (s *Source) Tag(ctx context.Context, ref, name string) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ImageTag(ctx, client.ImageTagOptions{Source: ref, Target: name})
	return wrap("tag the image", err)
}

// RemoveImage takes a tag away, and the image with its last tag. force also takes what stopped containers use.
func (s *Source) RemoveImage(ctx context.Context, ref string, force bool) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	_, err = cli.ImageRemove(ctx, ref, client.ImageRemoveOptions{Force: force, PruneChildren: true})
	return wrap("remove the image", err)
}

// PruneImages removes images without a tag and a container, or with all set every image without a container. It returns
// the bytes that became free.
func (s *Source) PruneImages(ctx context.Context, all bool) (int64, error) {
	cli, err := s.client()
	if err != nil {
		return 0, err
	}
	f := client.Filters{}
	if all {
		f = f.Add("dangling", "false")
	}
	r, err := cli.ImagePrune(ctx, client.ImagePruneOptions{Filters: f})
	return int64(r.Report.SpaceReclaimed), wrap("prune the images", err)
}

// HistoryItem is one layer of an image.
type HistoryItem struct {
	By      string
	Size    int64
	Created time.Time
}

// History lists an image's layers, the newest first.
func (s *Source) History(ctx context.Context, ref string) ([]HistoryItem, error) {
	cli, err := s.client()
	if err != nil {
		return nil, err
	}
	r, err := cli.ImageHistory(ctx, ref)
	if err != nil {
		return nil, wrap("read the image's history", err)
	}
	out := make([]HistoryItem, 0, len(r.Items))
	for _, h := range r.Items {
		out = append(out, HistoryItem{By: h.CreatedBy, Size: h.Size, Created: time.Unix(h.Created, 0)})
	}
	return out, nil
}

// InspectImage is an image's description as indented JSON.
func (s *Source) InspectImage(ctx context.Context, ref string) (string, error) {
	cli, err := s.client()
	if err != nil {
		return "", err
	}
	r, err := cli.ImageInspect(ctx, ref)
	if err != nil {
		return "", wrap("inspect the image", err)
	}
	b, err := json.MarshalIndent(r.InspectResponse, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the image's description: %w", err)
	}
	return string(b), nil
}
