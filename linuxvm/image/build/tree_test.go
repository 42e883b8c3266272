package build

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"reflect"
	"slices"
	"testing"
)

func TestPathsPutFoldersFirst(t *testing.T) {
	tree := Tree{}
	tree.PutFile("usr/bin/b", 0o755, nil)
	tree.PutFile("usr/bin-old/a", 0o644, nil)
	tree.PutLink("bin", "usr/bin")
	want := []string{"bin", "usr", "usr/bin", "usr/bin/b", "usr/bin-old", "usr/bin-old/a"}
	if got := tree.Paths(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !tree["usr/bin"].Mode.IsDir() {
		t.Error("the folder above a file is no folder")
	}
}

func TestResolve(t *testing.T) {
	tree := Tree{}
	tree.PutFile("usr/lib/x/ld.so.2", 0o755, nil)
	tree.PutLink("usr/lib64/ld.so.2", "../lib/x/ld.so.2")
	tree.PutLink("usr/bin/abs", "/lib64/ld.so.2")
	tree.PutLink("usr/bin/loop", "loop")
	tree.PutLink("usr/bin/gone", "nothing")
	for p, want := range map[string][]string{
		"lib/x/ld.so.2": {"usr/lib/x/ld.so.2"},
		"usr/bin/abs":   {"usr/bin/abs", "usr/lib64/ld.so.2", "usr/lib/x/ld.so.2"},
		"usr/bin/loop":  nil,
		"usr/bin/gone":  nil,
	} {
		if got := tree.Resolve(p); !reflect.DeepEqual(got, want) {
			t.Errorf("Resolve(%q) = %q, want %q", p, got, want)
		}
	}
}

func TestReadTar(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "./usr/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./usr/a", Typeflag: tar.TypeReg, Mode: 0o4755, Size: 3},
		{Name: "./usr/link", Typeflag: tar.TypeSymlink, Linkname: "a"},
		{Name: "./usr/hard", Typeflag: tar.TypeLink, Linkname: "./usr/a"},
		{Name: "./dev/null", Typeflag: tar.TypeChar},
		{Name: "./usr/not", Typeflag: tar.TypeReg, Size: 3},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte("abc")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tree, err := readTar(&b, func(p string) bool { return p != "usr/not" })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tree.Paths(), []string{"usr", "usr/a", "usr/hard", "usr/link"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if e := tree["usr/hard"]; string(e.Data) != "abc" || e.Mode != 0o755 {
		t.Errorf("hard link is %v", e)
	}
	if e := tree["usr/link"]; e.Link != "a" || e.Mode&fs.ModeSymlink == 0 {
		t.Errorf("symbolic link is %v", e)
	}
}
