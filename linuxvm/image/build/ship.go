package build

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/wherry-app/wherry/linuxvm/image"
)

// Ship packs an image's folder into one file, a tar compressed with zstd as far as it goes, for release and download. It
// returns the file's size. The same image gives the same bytes.
func Ship(ctx context.Context, file, dir string) (int64, error) {
	if _, err := image.Open(image.Config{Dir: dir}); err != nil {
		return 0, err
	}
	part := file + ".part"
	defer os.Remove(part)
	cmd := exec.CommandContext(ctx, "zstd", "-q", "-f", "-19", "--long=27", "-T0", "-o", part)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return 0, fmt.Errorf("start zstd: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start zstd: %w", err)
	}
	packErr := packImage(pipe, dir)
	closeErr := pipe.Close()
	if err := cmd.Wait(); err != nil {
		return 0, fmt.Errorf("run zstd: %w", err)
	}
	if packErr != nil {
		return 0, packErr
	}
	if closeErr != nil {
		return 0, fmt.Errorf("write to zstd: %w", closeErr)
	}
	info, err := os.Stat(part)
	if err != nil {
		return 0, fmt.Errorf("look at packed image: %w", err)
	}
	return info.Size(), os.Rename(part, file)
}

func packImage(w io.Writer, dir string) error {
	tw := tar.NewWriter(w)
	for _, name := range []string{image.ManifestName, image.Kernel, image.Initrd, image.Root, image.Welcome} {
		if err := packFile(tw, filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("pack %q: %w", name, err)
		}
	}
	return tw.Close()
}

func packFile(tw *tar.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := tw.WriteHeader(&tar.Header{Name: filepath.Base(path), Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(tw, f)
	return err
}
