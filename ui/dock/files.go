package dock

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/model"
)

// listLine prints one line per entry of the folder $1: mode in hex, size, time, name, and the target of links.
const listLine = `cd -- "$1" || exit 1; for f in .[!.]* ..?* *; do [ -e "$f" ] || [ -L "$f" ] || continue; ` +
	`s=$(stat -c "%f	%s	%Y" -- "$f") || continue; l=; [ -L "$f" ] && l=$(readlink -- "$f"); printf '%s\t%s\t%s\n' "$s" "$f" "$l"; done`

// ListFiles lists a folder of a running container that has a shell.
func (s *Source) ListFiles(ctx context.Context, id, dir string) ([]model.File, error) {
	out, err := s.output(ctx, id, "sh", "-c", listLine, "sh", dir)
	if err != nil {
		return nil, &app.Error{Op: "list " + dir, Err: err, Next: "Browsing needs a running container with a shell in it."}
	}
	return model.ParseListing(out), nil
}

// ReadFile returns a file's content up to limit bytes; a longer file is an error.
func (s *Source) ReadFile(ctx context.Context, id, file string, limit int64) ([]byte, error) {
	var b bytes.Buffer
	err := s.fetch(ctx, id, file, func(h *tar.Header, r io.Reader) error {
		if h.Size > limit {
			return app.Errorf("Download it instead.", "%s is too large to show (%s)", path.Base(file), app.HumanSize(h.Size))
		}
		_, err := io.Copy(&b, r)
		return err
	})
	return b.Bytes(), err
}

// Download writes a file's content to w.
func (s *Source) Download(ctx context.Context, id, file string, w io.Writer) error {
	return s.fetch(ctx, id, file, func(_ *tar.Header, r io.Reader) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// fetch gives the first regular file of the archive docker makes of a path.
func (s *Source) fetch(ctx context.Context, id, file string, f func(*tar.Header, io.Reader) error) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	r, err := cli.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: file})
	if err != nil {
		return wrap("read "+file, err)
	}
	defer r.Content.Close()
	t := tar.NewReader(r.Content)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: not a file", file)
		}
		if err != nil {
			return wrap("read "+file, err)
		}
		if h.Typeflag == tar.TypeReg {
			return wrap("read "+file, f(h, t))
		}
	}
}

// WriteFile puts a file of size bytes into a folder, over one that is there. mode are its permission bits.
func (s *Source) WriteFile(ctx context.Context, id, dir, name string, mode, size int64, content io.Reader) error {
	cli, err := s.client()
	if err != nil {
		return err
	}
	pr, pw := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := tar.NewWriter(pw)
		err := t.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: size, ModTime: time.Now(), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.Copy(t, content)
		}
		if err == nil {
			err = t.Close()
		}
		pw.CloseWithError(err)
	}()
	_, err = cli.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: dir, Content: pr, AllowOverwriteDirWithFile: false})
	pr.CloseWithError(io.ErrClosedPipe)
	<-done
	return wrap("write "+path.Join(dir, name), err)
}
