package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/linuxvm/image/build"
)

// measureImage packs the guest image as for a release. The package stays beside the image, and is made again only when
// the image is newer: packing takes minutes.
func measureImage(ctx context.Context, b *bench) error {
	dir := filepath.Join(filepath.Dir(filepath.Dir(b.program)), "dist", "guest-"+runtime.GOARCH)
	img, err := image.Open(image.Config{Dir: dir, Hint: "run `make guest`"})
	if err != nil {
		return err
	}
	for _, a := range img.Manifest.Artifacts {
		b.report.Add(report.New("image."+a.Name, "the artifact as it is used", "MB", report.Samples{float64(a.Size) / 1e6}))
	}
	file := dir + ".tar.zst"
	size, fresh := packed(file, filepath.Join(dir, image.ManifestName))
	if !fresh {
		if b.quick {
			b.say("  not packed: that takes minutes, which -quick does not have")
			return nil
		}
		if size, err = build.Ship(ctx, file, dir); err != nil {
			return fmt.Errorf("pack image: %w", err)
		}
	}
	b.report.Add(report.New("image.shipped", "kernel, initrd and root in one compressed file", "MB", report.Samples{float64(size) / 1e6}).Aiming(report.AtMost(80)))
	return nil
}

// packed is the size of a package and whether it is newer than the manifest.
func packed(file, manifest string) (size int64, fresh bool) {
	f, err := os.Stat(file)
	if err != nil {
		return 0, false
	}
	m, err := os.Stat(manifest)
	return f.Size(), err == nil && f.ModTime().After(m.ModTime())
}
