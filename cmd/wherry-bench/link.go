package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/wherry-app/wherry/cmd/wherry-bench/load"
	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// measureLink sends bytes to a program in the guest and has it send some, without docker.
func measureLink(ctx context.Context, b *bench) error {
	size := int64(128e6)
	if b.quick {
		size = 32e6
	}
	if _, err := b.running(ctx); err != nil {
		return err
	}
	there, err := b.inGuest(ctx)
	if err != nil {
		return err
	}
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
		sending, err := timed(func() error { return b.sendToGuest(ctx, there, size) })
		if err != nil {
			return err
		}
		down, err := load.Download(ctx, plain, 1, load.Amount{Bytes: size})
		if err != nil {
			return err
		}
		receiving, err := timed(func() error { return b.receiveFromGuest(ctx, there, size) })
		if err != nil {
			return err
		}
		in, out = append(in, megabytes(size)/sending.Seconds()), append(out, megabytes(size)/receiving.Seconds())
		plainIn, plainOut = append(plainIn, up/1e6), append(plainOut, down/1e6)
	}
	b.report.Add(
		report.New("link.in", "wherry shell: input of a program in the guest", "MB/s", in).Against(plainName, plainIn),
		report.New("link.out", "wherry shell: output of a program in the guest", "MB/s", out).Against(plainName, plainOut),
	)
	return nil
}

func (b *bench) sendToGuest(ctx context.Context, there string, size int64) error {
	out, err := b.lab.Shell(ctx, io.LimitReader(rand.NewChaCha8([32]byte{}), size), there, "guest", "sink")
	if err == nil && strings.TrimSpace(out) != strconv.FormatInt(size, 10) {
		err = fmt.Errorf("of %d bytes the guest has counted %q", size, out)
	}
	return err
}

func (b *bench) receiveFromGuest(ctx context.Context, there string, size int64) error {
	var out counter
	err := b.lab.ShellTo(ctx, nil, &out, there, "guest", "source", strconv.FormatInt(size, 10))
	if err == nil && int64(out) != size {
		err = fmt.Errorf("%d of %d bytes came", out, size)
	}
	return err
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
