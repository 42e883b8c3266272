package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// programImage is the test image with real programs; `make bench-share` makes it beforehand.
const (
	programImage   = "wherry-share-programs"
	programArchive = ".cache/share-image.tar"
)

// programSteps are the names of the steps with real programs.
func programSteps() []string { return []string{"git_clone", "git_status"} }

// programScript is what the programs do in /m; it says how long each took, in nanoseconds.
const programScript = `set -e
cd /m; rm -rf git; mkdir git; cd git
export HOME=/tmp GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=b GIT_AUTHOR_EMAIL=b@example.com GIT_COMMITTER_NAME=b GIT_COMMITTER_EMAIL=b@example.com
rm -rf /tmp/origin; git init -q /tmp/origin; cd /tmp/origin
i=0; while [ $i -lt 100 ]; do mkdir -p d$i; j=0; while [ $j -lt 20 ]; do echo "file $i $j" >d$i/f$j; j=$((j+1)); done; i=$((i+1)); done
git add -A; git commit -qm all; cd /m/git
t=$(date +%s%N); git clone -q /tmp/origin clone; echo git_clone $(($(date +%s%N)-t))
cd clone; git status --porcelain; sync; echo 3 >/proc/sys/vm/drop_caches; git status --porcelain
t=$(date +%s%N); git status --porcelain; echo git_status $(($(date +%s%N)-t))
cd /m; rm -rf git`

// programLoad runs real programs in a container that sees source at /m, if their image was made.
func (b *bench) programLoad(ctx context.Context, source string) (map[string]float64, error) {
	if _, err := b.lab.Docker(ctx, nil, "image", "inspect", programImage); err != nil {
		archive, err := filepath.Abs(programArchive)
		if err != nil {
			return nil, fmt.Errorf("find the programs' image: %w", err)
		}
		if _, err := os.Stat(archive); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		b.say("  importing the image with programs")
		if _, err := b.lab.Docker(ctx, nil, "import", archive, programImage); err != nil {
			return nil, err
		}
	}
	out, err := b.lab.Docker(ctx, nil, "run", "--rm", "--privileged", "-v", source+":/m", programImage, "sh", "-c", programScript)
	if err != nil {
		return nil, err
	}
	took := map[string]float64{}
	for line := range strings.Lines(out) {
		var step string
		var ns time.Duration
		if n, _ := fmt.Sscan(line, &step, (*int64)(&ns)); n != 2 {
			return nil, fmt.Errorf("git status says %q", line)
		}
		took[step] = ns.Seconds()
	}
	return took, nil
}
