package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// measureSocket loads and saves an image of 300 MB, each beside a plain copy of as many bytes.
func measureSocket(ctx context.Context, b *bench) error {
	const image = "wherry-bench-noise:latest"
	size := int64(300e6)
	if b.quick {
		size = 100e6
	}
	if _, err := b.running(ctx); err != nil {
		return err
	}
	path := b.lab.File("image.tar")
	if err := writeImage(path, image, size); err != nil {
		return err
	}
	defer os.Remove(path)
	address, end, err := b.plain(ctx)
	if err != nil {
		return err
	}
	defer end()
	plain := load.TCP(address)
	var in, out, plainIn, plainOut report.Samples
	for range b.runs {
		up, err := load.Upload(ctx, plain, 1, load.Amount{Bytes: size})
		if err != nil {
			return err
		}
		loading, err := timed(func() error { _, err := b.lab.Docker(ctx, nil, "load", "-q", "-i", path); return err })
		if err != nil {
			return err
		}
		down, err := load.Download(ctx, plain, 1, load.Amount{Bytes: size})
		if err != nil {
			return err
		}
		saving, err := timed(func() error { return b.lab.DockerTo(ctx, io.Discard, "save", image) })
		if err != nil {
			return err
		}
		if _, err := b.lab.Docker(ctx, nil, "rmi", image); err != nil {
			return err
		}
		in, out = append(in, megabytes(size)/loading.Seconds()), append(out, megabytes(size)/saving.Seconds())
		plainIn, plainOut = append(plainIn, up/1e6), append(plainOut, down/1e6)
	}
	b.report.Add(
		report.New("socket.load", fmt.Sprintf("docker load of %.0f MB", megabytes(size)), "MB/s", in).Against(plainName, plainIn),
		report.New("socket.save", "docker save of the same", "MB/s", out).Against(plainName, plainOut),
	)
	return nil
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

func writeImage(path, name string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("make image: %w", err)
	}
	return errors.Join(lab.WriteImage(f, name, size), f.Close())
}
