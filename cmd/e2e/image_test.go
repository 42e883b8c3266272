package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// writeImage writes an image as `docker save` does: one layer with the test image's files and /big, of size random bytes.
func writeImage(file, tag string, size int64) error {
	layer := filepath.Join(filepath.Dir(file), "layer.tar")
	digest, err := writeLayer(layer, size)
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config": map[string]any{"Env": []string{"PATH=/bin"}, "Cmd": []string{"/bin/sh"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{tag}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	for name, text := range map[string][]byte{"config.json": config, "manifest.json": manifest} {
		err = errors.Join(err, add(w, name, int64(len(text)), bytes.NewReader(text)))
	}
	in, openErr := os.Open(layer)
	if openErr != nil {
		return openErr
	}
	defer in.Close()
	st, statErr := in.Stat()
	if statErr != nil {
		return statErr
	}
	return errors.Join(err, add(w, "layer.tar", st.Size(), in), w.Close(), out.Close(), os.Remove(layer))
}

// writeLayer writes the layer and returns its digest.
func writeLayer(file string, size int64) (string, error) {
	box, err := boxArchive()
	if err != nil {
		return "", err
	}
	out, err := os.Create(file)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	w := tar.NewWriter(io.MultiWriter(out, sum))
	for r := tar.NewReader(bytes.NewReader(box)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if err := w.WriteHeader(h); err != nil {
			return "", err
		}
		if _, err := io.Copy(w, r); err != nil {
			return "", err
		}
	}
	err = errors.Join(add(w, "big", size, io.LimitReader(rand.Reader, size)), w.Close(), out.Close())
	return hex.EncodeToString(sum.Sum(nil)), err
}

func add(w *tar.Writer, name string, size int64, r io.Reader) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(w, r)
	return err
}
