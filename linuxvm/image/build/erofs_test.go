package build

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestRootImageIsTheSameTwice(t *testing.T) {
	if _, err := exec.LookPath("mkfs.erofs"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("mkfs.erofs is not installed")
		}
		t.Skip("mkfs.erofs is not installed")
	}
	tree := Tree{}
	tree.PutFile("usr/bin/program", 0o755, bytes.Repeat([]byte("program "), 5000))
	tree.PutFile("usr/lib/wherry/etc/hosts", 0o644, []byte("127.0.0.1 localhost\n"))
	tree.PutLink("usr/bin/sh", "program")
	tree.Put("usr/empty", Entry{Mode: fs.ModeDir | 0o755})
	var images [2][]byte
	for i := range images {
		file := filepath.Join(t.TempDir(), "root.erofs")
		for range 2 { // over an older one as well
			if err := writeRoot(t.Context(), file, tree, rootUUID); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		images[i] = data
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".root-*")); err != nil || len(left) > 0 {
			t.Errorf("staging folders are left: %q, %v", left, err)
		}
	}
	if len(images[0]) < 40000 || !bytes.Equal(images[0], images[1]) {
		t.Errorf("the same tree gives images of %d and %d bytes that differ", len(images[0]), len(images[1]))
	}
}

// TestAssembleTwice puts the whole image together twice from the packages that an earlier build has unpacked.
func TestAssembleTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	bases, err := filepath.Glob("../../../.cache/guest/base-amd64-*.tar")
	if err != nil || len(bases) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("no unpacked packages: run make guest")
		}
		t.Skip("no unpacked packages: run make guest")
	}
	var sums [2]string
	for i := range sums {
		lists := os.DirFS("../../../assets/guest")
		packages, err := lines(lists, "files", "amd64")
		if err != nil {
			t.Fatal(err)
		}
		files, err := newMatcher(packages)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(bases[len(bases)-1])
		if err != nil {
			t.Fatal(err)
		}
		base, err := readTar(f, keepOfBase(files))
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		a := &assembler{arch: "amd64", lists: lists, agent: []byte("agent"), init: []byte("init"), decompress: decompress}
		p, err := a.assemble(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = digestParts(p)
	}
	if sums[0] != sums[1] {
		t.Error("the same packages give parts that differ")
	}
}

// digestParts is a digest of all that goes into an image.
func digestParts(p *parts) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %x %v\n", p.release, sha256.Sum256(p.kernel), p.packages)
	for _, tree := range []Tree{p.initrd, p.root} {
		for _, path := range tree.Paths() {
			e := tree[path]
			fmt.Fprintf(sum, "%s %v %q %x\n", path, e.Mode, e.Link, sha256.Sum256(e.Data))
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
