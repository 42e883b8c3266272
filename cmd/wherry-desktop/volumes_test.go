//go:build e2e

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/model"
)

// copyVolumes puts a file into a volume, clones the volume and gets the file out of the clone, on the real engine.
func (d *desktop) copyVolumes() {
	t := d.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ready := make(chan struct{}, 1)
	s := dock.New(dock.Config{Publish: func(l model.Lists) {
		if l.Ready {
			select {
			case ready <- struct{}{}:
			default:
			}
		}
	}})
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	s.Connect("unix://" + filepath.Join(d.home, "docker.sock"))
	select {
	case <-ready:
	case <-ctx.Done():
		t.Fatal("docker does not answer")
	}
	in := tarball(t, func(w *tar.Writer) {
		add(t, w, &tar.Header{Name: "deep/note", Typeflag: tar.TypeReg, Mode: 0o640, Uid: 7, Gid: 8}, []byte("kept"))
	})
	if err := s.ImportVolume(ctx, "first", bytes.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	if err := s.CloneVolume(ctx, "first", "second"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.ExportVolume(ctx, "second", &out); err != nil {
		t.Fatal(err)
	}
	if h, text := fileIn(t, &out, "note"); text != "kept" || h.Mode&0o777 != 0o640 || h.Uid != 7 || h.Gid != 8 {
		t.Fatalf("the clone has %q, %+v", text, h)
	}
	browseVolume(ctx, t, s)
	if err := s.CloneVolume(ctx, "second", "first-/bad"); err == nil {
		t.Error("a clone with a name that is none")
	}
	for _, v := range []string{"first", "second"} {
		if err := s.RemoveVolume(ctx, v); err != nil {
			t.Errorf("no container may be left: %v", err)
		}
	}
}

// browseVolume looks into the volume second, and changes a file there.
func browseVolume(ctx context.Context, t *testing.T, s *dock.Source) {
	t.Helper()
	v, err := s.OpenVolume(ctx, "second")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	root, err := v.ListFiles(ctx, "", "/")
	if err != nil || len(root) != 1 || root[0].Name != "deep" || !root[0].Dir {
		t.Fatalf("the volume has %+v, %v", root, err)
	}
	if err := v.WriteFile(ctx, "", "/deep", "more", 0o600, 4, strings.NewReader("news")); err != nil {
		t.Fatal(err)
	}
	deep, err := v.ListFiles(ctx, "", "/deep")
	if err != nil || len(deep) != 2 || deep[0].Name != "more" || deep[0].Mode != "-rw-------" || deep[1].Size != 4 {
		t.Fatalf("the folder has %+v, %v", deep, err)
	}
	if b, err := v.ReadFile(ctx, "", "/deep/more", 100); err != nil || string(b) != "news" {
		t.Fatalf("the file has %q, %v", b, err)
	}
}

func fileIn(t *testing.T, r io.Reader, base string) (*tar.Header, string) {
	t.Helper()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("no %s in the archive", base)
		}
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(h.Name) == base {
			b, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			return h, string(b)
		}
	}
}
