package dock

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/model"
)

// VolumeFiles are the files of a volume, which no container needs to run for. They are listed from an archive that docker
// makes of the whole volume, read once and anew after each change.
type VolumeFiles struct {
	source *Source
	id     string // the container that has the volume and never runs
	detach func()

	mu   sync.Mutex
	tree map[string][]model.File // by folder; nil if it is to be read
}

const (
	volumeEntries = 50_000
	volumeBytes   = 4 << 30
)

// OpenVolume gives access to a volume's files until Close.
func (s *Source) OpenVolume(ctx context.Context, name string) (*VolumeFiles, error) {
	_, id, detach, err := s.attach(ctx, name)
	if err != nil {
		return nil, err
	}
	return &VolumeFiles{source: s, id: id, detach: detach}, nil
}

// Close removes what was made to look into the volume. Close it once.
func (v *VolumeFiles) Close() { v.detach() }

// ListFiles lists a folder; the root of the volume is /. The container's ID is not looked at.
func (v *VolumeFiles) ListFiles(ctx context.Context, _, dir string) ([]model.File, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tree == nil || dir == "/" {
		tree, err := v.read(ctx)
		if err != nil {
			return nil, err
		}
		v.tree = tree
	}
	files, ok := v.tree[path.Clean(dir)]
	if !ok {
		return nil, app.Errorf("Go back to / and look again.", "there is no folder %s", dir)
	}
	return files, nil
}

// read lists the whole volume.
func (v *VolumeFiles) read(ctx context.Context) (map[string][]model.File, error) {
	cli, err := v.source.client()
	if err != nil {
		return nil, err
	}
	r, err := cli.CopyFromContainer(ctx, v.id, client.CopyFromContainerOptions{SourcePath: inside + "/."})
	if err != nil {
		return nil, wrap("list the volume", err)
	}
	defer r.Content.Close()
	tree := map[string][]model.File{"/": nil}
	total := int64(0)
	t := tar.NewReader(r.Content)
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, wrap("list the volume", err)
		}
		if total += h.Size; n > volumeEntries || total > volumeBytes {
			return nil, app.Errorf("Export it, or look into it from a container: docker run --rm -it -v NAME:/data IMAGE sh", "the volume is too large to browse (more than %d files or %s)", volumeEntries, app.HumanSize(volumeBytes))
		}
		name := path.Clean("/" + h.Name)
		if name == "/" {
			continue
		}
		f := model.File{Name: path.Base(name), Dir: h.Typeflag == tar.TypeDir, Link: h.Linkname, Size: h.Size, Mode: h.FileInfo().Mode().String(), Changed: h.ModTime}
		if f.Mode = strings.Replace(f.Mode, "L", "l", 1); f.Dir {
			f.Size = 0
			if tree[name] == nil {
				tree[name] = []model.File{}
			}
		}
		tree[path.Dir(name)] = append(tree[path.Dir(name)], f)
	}
	for dir := range tree {
		model.SortFiles(tree[dir])
	}
	return tree, nil
}

// ReadFile returns a file's content up to limit bytes; a longer file is an error.
func (v *VolumeFiles) ReadFile(ctx context.Context, _, file string, limit int64) ([]byte, error) {
	return v.source.ReadFile(ctx, v.id, path.Join(inside, file), limit)
}

// Download writes a file's content to w.
func (v *VolumeFiles) Download(ctx context.Context, _, file string, w io.Writer) error {
	return v.source.Download(ctx, v.id, path.Join(inside, file), w)
}

// WriteFile puts a file into a folder, over one that is there.
func (v *VolumeFiles) WriteFile(ctx context.Context, _, dir, name string, mode, size int64, content io.Reader) error {
	v.mu.Lock()
	v.tree = nil
	v.mu.Unlock()
	if err := v.source.WriteFile(ctx, v.id, path.Join(inside, dir), name, mode, size, content); err != nil {
		return fmt.Errorf("write into the volume: %w", err)
	}
	return nil
}
