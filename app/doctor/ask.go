package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/wherry-app/wherry/app"
	apphome "github.com/wherry-app/wherry/app/home"
)

// Ask examines the host by a wherry program, for those that have no drivers themselves. It needs no daemon.
func Ask(ctx context.Context, program string, h apphome.Dir) (Report, error) {
	out, err := command(ctx, program, h, "doctor", "--json")
	var r Report
	if jsonErr := json.Unmarshal(out, &r); jsonErr == nil && len(r.Checks) > 0 {
		return r, nil // its exit code tells of a problem, as the report does
	}
	if err == nil {
		err = errors.New("it says nothing that is understood")
	}
	return Report{}, fmt.Errorf("ask `wherry doctor`: %w", err)
}

// Collect writes the archive for somebody who helps to a file, by a wherry program. An existing file is replaced.
func Collect(ctx context.Context, program string, h apphome.Dir, file string) error {
	if _, err := command(ctx, program, h, "diagnose", "-o", file); err != nil {
		return fmt.Errorf("ask `wherry diagnose`: %w", err)
	}
	return nil
}

func command(ctx context.Context, program string, h apphome.Dir, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), apphome.EnvVar+"="+h.Root())
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err != nil && said.Len() > 0:
		err = app.Errorf("install Wherry anew", "%s", strings.TrimPrefix(strings.TrimSpace(said.String()), "wherry: "))
	}
	return out, err
}
