package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const hint = "run `make guest`"

// testImage writes an image with a root of two chunks and a bit.
func testImage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m := Manifest{Format: Format, Arch: "amd64", Agent: "1", Cmdline: "quiet"}
	for name, data := range map[string][]byte{
		Kernel: []byte("kernel"),
		Initrd: {},
		Root:   bytes.Repeat([]byte("root image "), (2*ChunkSize+100)/11),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Describe(path)
		if err != nil {
			t.Fatal(err)
		}
		if a.Size != int64(len(data)) {
			t.Fatalf("%s has size %d, want %d", name, a.Size, len(data))
		}
		m.Artifacts = append(m.Artifacts, a)
	}
	writeManifest(t, dir, m)
	return dir
}

func writeManifest(t *testing.T, dir string, m Manifest) {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestName), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(dir string) (*Image, error) { return Open(Config{Dir: dir, Hint: hint}) }

func TestVerifyWholeImage(t *testing.T) {
	i, err := open(testImage(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsEachFlippedByte(t *testing.T) {
	dir := testImage(t)
	for _, offset := range []int64{0, ChunkSize - 1, ChunkSize, 2*ChunkSize + 50} {
		i, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		flip(t, i.Path(Root), offset)
		err = i.Verify(t.Context())
		checkError(t, err, ErrDamaged, i.Path(Root))
		flip(t, i.Path(Root), offset)
	}
}

func flip(t *testing.T, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Run("no folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "none")
		_, err := open(dir)
		checkError(t, err, ErrMissing, filepath.Join(dir, ManifestName))
	})
	t.Run("no kernel", func(t *testing.T) {
		dir := testImage(t)
		kernel := filepath.Join(dir, Kernel)
		if err := os.Remove(kernel); err != nil {
			t.Fatal(err)
		}
		_, err := open(dir)
		checkError(t, err, ErrMissing, kernel)
	})
	t.Run("cut off", func(t *testing.T) {
		dir := testImage(t)
		root := filepath.Join(dir, Root)
		if err := os.Truncate(root, ChunkSize); err != nil {
			t.Fatal(err)
		}
		_, err := open(dir)
		checkError(t, err, ErrDamaged, root)
	})
	t.Run("no JSON", func(t *testing.T) {
		dir := testImage(t)
		manifest := filepath.Join(dir, ManifestName)
		if err := os.WriteFile(manifest, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := open(dir)
		checkError(t, err, ErrDamaged, manifest)
	})
	t.Run("later format", func(t *testing.T) {
		dir := testImage(t)
		writeManifest(t, dir, Manifest{Format: Format + 1})
		_, err := open(dir)
		checkError(t, err, ErrFormat, filepath.Join(dir, ManifestName))
	})
	t.Run("artifact not named", func(t *testing.T) {
		dir := testImage(t)
		writeManifest(t, dir, Manifest{Format: Format})
		_, err := open(dir)
		checkError(t, err, ErrDamaged, filepath.Join(dir, ManifestName))
	})
}

func checkError(t *testing.T, err, want error, path string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, want) || e.Path != path || e.Hint() != hint {
		t.Errorf("got %v, want an *Error of %q that is %v and has the hint", err, path, want)
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	i, err := open(testImage(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := i.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify on an ended context: %v", err)
	}
}
