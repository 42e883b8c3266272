package lab_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
)

// unpack reads a tar archive to its end.
func unpack(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
}

func TestImageIsWhatDockerLoads(t *testing.T) {
	for _, size := range []int64{512, 100_001} {
		var b, again bytes.Buffer
		if err := errors.Join(lab.WriteImage(&b, "noise:latest", size), lab.WriteImage(&again, "noise:latest", size)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Error("two images of the same name and size differ")
		}
		files := unpack(t, &b)
		var manifest []struct {
			Config           string
			RepoTags, Layers []string
		}
		if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest) != 1 || len(manifest[0].Layers) != 1 || manifest[0].RepoTags[0] != "noise:latest" {
			t.Fatalf("manifest %s: %v", files["manifest.json"], err)
		}
		layer := files[manifest[0].Layers[0]]
		var config struct {
			RootFS struct {
				DiffIDs []string `json:"diff_ids"`
			}
		}
		sum := sha256.Sum256(layer)
		if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil || len(config.RootFS.DiffIDs) != 1 || config.RootFS.DiffIDs[0] != "sha256:"+hex.EncodeToString(sum[:]) {
			t.Errorf("config %s does not name the layer's digest %x: %v", files[manifest[0].Config], sum, err)
		}
		if got := int64(len(unpack(t, bytes.NewReader(layer))["noise"])); got != size {
			t.Errorf("%d bytes in the layer's file, want %d", got, size)
		}
	}
}

func TestProgramArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("code"), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := lab.WriteProgram(&b, path); err != nil {
		t.Fatal(err)
	}
	if got := unpack(t, &b); len(got) != 1 || string(got["program"]) != "code" {
		t.Errorf("%q", got)
	}
}
