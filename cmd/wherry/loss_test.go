package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"
)

func TestLossIsNamed(t *testing.T) {
	u := client.DiskUsageResult{}
	u.Images.TotalCount, u.Images.TotalSize = 3, 2<<30
	u.Volumes.TotalCount = 20
	for range 20 {
		u.Volumes.Items = append(u.Volumes.Items, volume.Volume{Name: "precious", UsageData: &volume.UsageData{Size: 5 << 20}})
	}
	got := strings.Join(usageLines(u), "\n")
	for _, want := range []string{"3 images: 2 GiB", "20 volumes", "  precious: 5 MiB", "and 8 more"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestOnlyAYesIsAYes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, "": false, "yellow\n": false} {
		var said bytes.Buffer
		c := &cli{in: strings.NewReader(answer), err: &said}
		if got := c.agreed("This deletes all:", []string{"3 images"}); got != want || !strings.Contains(said.String(), "3 images") {
			t.Errorf("%q: %v, said %s", answer, got, said.String())
		}
	}
}
