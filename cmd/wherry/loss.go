package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/app/space"
)

// docker speaks Docker's API on our socket; nil if the engine does not run. The caller closes it.
func (c *cli) docker(ctx context.Context) *client.Client {
	snap, err := c.snapshot(ctx)
	if err != nil || snap.State != app.StateRunning {
		return nil
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return localsock.Dial(ctx, c.home.DockerSocket())
	}
	docker, err := client.New(client.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}}), client.WithHost("tcp://dockerd:1"), client.WithDialContext(dial))
	if err != nil {
		return nil
	}
	return docker
}

// lossTime is how long docker may take to count what would be lost.
const lossTime = 20 * time.Second

// loss names what is lost with the engine's data, a line each: what docker says of it when it answers, else the sizes of
// the files.
func (c *cli) loss(ctx context.Context) []string {
	var lines []string
	if docker := c.docker(ctx); docker != nil {
		defer docker.Close()
		ctx, cancel := context.WithTimeout(ctx, lossTime)
		defer cancel()
		if u, err := docker.DiskUsage(ctx, client.DiskUsageOptions{Images: true, Containers: true, Volumes: true, BuildCache: true, Verbose: true}); err == nil {
			lines = append(lines, usageLines(u)...)
		}
	}
	for _, f := range []struct{ what, path string }{{"the data disk", c.home.DataDisk()}, {"the saved VM, with what runs in it", c.home.SavedState()}} {
		if st, err := os.Stat(f.path); err == nil {
			lines = append(lines, fmt.Sprintf("%s: %s on this computer's disk", f.what, app.HumanSize(space.Allocated(st))))
		} else if !errors.Is(err, fs.ErrNotExist) {
			lines = append(lines, fmt.Sprintf("%s: %v", f.what, err))
		}
	}
	return lines
}

// namedVolumes is how many volumes are named one by one.
const namedVolumes = 12

func usageLines(u client.DiskUsageResult) []string {
	lines := []string{
		fmt.Sprintf("%d images: %s", u.Images.TotalCount, app.HumanSize(u.Images.TotalSize)),
		fmt.Sprintf("%d containers: %s", u.Containers.TotalCount, app.HumanSize(u.Containers.TotalSize)),
		fmt.Sprintf("%d volumes: %s", u.Volumes.TotalCount, app.HumanSize(u.Volumes.TotalSize)),
	}
	for i, v := range u.Volumes.Items {
		if i == namedVolumes {
			return append(lines, fmt.Sprintf("  and %d more", len(u.Volumes.Items)-i))
		}
		size := ""
		if v.UsageData != nil && v.UsageData.Size >= 0 {
			size = ": " + app.HumanSize(v.UsageData.Size)
		}
		lines = append(lines, "  "+v.Name+size)
	}
	return lines
}

// agreed asks on the terminal whether something is meant that cannot be undone. Anything but a yes is a no.
func (c *cli) agreed(what string, loss []string) bool {
	fmt.Fprintln(c.err, what)
	for _, line := range loss {
		fmt.Fprintln(c.err, "  "+line)
	}
	fmt.Fprint(c.err, "This cannot be undone. Go on? [y/N] ")
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil {
		fmt.Fprintln(c.err)
	}
	return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer)))
}
