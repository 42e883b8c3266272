package lab

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
)

// WriteImage writes an image to w in the form that `docker save` makes and `docker load` takes. Its one layer has one
// file of that many bytes that cannot be compressed; the same name and size give the same bytes.
func WriteImage(w io.Writer, name string, size int64) error {
	out := tar.NewWriter(w)
	const layer = "layer.tar"
	sum := sha256.New()
	if err := out.WriteHeader(&tar.Header{Name: layer, Mode: 0o644, Size: layerSize(size)}); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	if err := writeLayer(io.MultiWriter(out, sum), size); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	files := []struct {
		name    string
		content any
	}{
		{"config.json", map[string]any{
			"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{},
			"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum.Sum(nil))}},
		}},
		{"manifest.json", []map[string]any{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{layer}}}},
	}
	for _, f := range files {
		text, err := json.Marshal(f.content)
		if err != nil {
			return fmt.Errorf("write image: %w", err)
		}
		if err := writeFile(out, f.name, 0o644, text); err != nil {
			return err
		}
	}
	return out.Close()
}

// layerSize is the length of a tar archive of one file of that size: its header, the file in whole blocks, two blocks of
// zeros.
func layerSize(size int64) int64 {
	const block = 512
	return block + (size+block-1)/block*block + 2*block
}

func writeLayer(w io.Writer, size int64) error {
	out := tar.NewWriter(w)
	if err := out.WriteHeader(&tar.Header{Name: "noise", Mode: 0o644, Size: size}); err != nil {
		return err
	}
	if _, err := io.CopyN(out, rand.NewChaCha8([32]byte{}), size); err != nil {
		return err
	}
	return out.Close()
}

// WriteProgram writes an archive for `docker import` whose only file is a program, at its base name.
func WriteProgram(w io.Writer, program string) error {
	text, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("read program: %w", err)
	}
	out := tar.NewWriter(w)
	if err := writeFile(out, filepath.Base(program), 0o755, text); err != nil {
		return err
	}
	return out.Close()
}

func writeFile(w *tar.Writer, name string, mode int64, content []byte) error {
	err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil {
		return fmt.Errorf("write %s to archive: %w", name, err)
	}
	return nil
}
