package doctor

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
)

// logTail is how much of the end of each log goes into the archive, in bytes.
const logTail = 1 << 20

// Archive examines the host and writes a zip file to w with what somebody who helps needs: the report, the engine's
// state, the settings, the ends of the logs, versions and sizes. Secrets are removed from all of it: registry
// credentials, passwords of proxies, environment values and tokens; env are the environments of the present containers,
// as NAME=value, if they are known.
func Archive(ctx context.Context, c Config, env []string, w io.Writer) error {
	report := Run(ctx, c)
	userHome, err := os.UserHomeDir()
	if err != nil {
		userHome = "" // then it is not abbreviated
	}
	secrets := append(hostSecrets(), environmentSecrets(env)...)
	secrets = append(secrets, environmentValues(env)...)
	a := &archive{zip: zip.NewWriter(w), redact: NewRedactor(secrets, userHome), now: report.Time}
	var text bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		return err
	}
	a.add("doctor.txt", text.String())
	a.addJSON("doctor.json", report)
	a.addJSON("status.json", status(ctx, c))
	a.add("versions.txt", versions(c))
	a.addTail("settings.json", c.Home.SettingsFile())
	a.add("files.txt", listing(c.Home.Root()))
	a.addTail("machine.json", filepath.Join(c.Home.VM(), "machine.json"))
	a.addTail("logs/qemu.log", filepath.Join(c.Home.VM(), "qemu.log"))
	logs, _ := filepath.Glob(filepath.Join(filepath.Dir(c.Home.Log(app.LogDaemon)), "*.log")) // the pattern is good
	for _, log := range logs {
		a.addTail("logs/"+filepath.Base(log), log)
	}
	return errors.Join(a.err, a.zip.Close())
}

// environmentValues are the values that containers were given, but for those that say nothing of their owner.
func environmentValues(env []string) []string {
	const shortest = 8 // "production", "en_US.UTF-8" and the like are no secrets either, but their loss hurts nobody
	var values []string
	for _, kv := range env {
		name, v, _ := strings.Cut(kv, "=")
		if name != "PATH" && name != "HOME" && len(v) >= shortest {
			values = append(values, v)
		}
	}
	return values
}

// archive is a zip file whose files have no secrets. The first error is kept.
type archive struct {
	zip    *zip.Writer
	redact *Redactor
	now    time.Time
	err    error
}

func (a *archive) add(name, text string) {
	if a.err != nil {
		return
	}
	f, err := a.zip.CreateHeader(&zip.FileHeader{Name: "wherry/" + name, Method: zip.Deflate, Modified: a.now})
	if err == nil {
		_, err = io.WriteString(f, a.redact.Text(text))
	}
	if err != nil {
		a.err = fmt.Errorf("write %s: %w", name, err)
	}
}

func (a *archive) addJSON(name string, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		text = []byte(err.Error())
	}
	a.add(name, string(text))
}

// addTail adds the end of a file, from the beginning of a line on. One that is not there is left out; one that cannot be
// read says why.
func (a *archive) addTail(name, path string) {
	text, err := tail(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		text = err.Error()
	}
	a.add(name, text)
}

func tail(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, st.Size()-logTail)
	text, err := io.ReadAll(io.NewSectionReader(f, from, logTail))
	if err != nil {
		return "", err
	}
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return string(text), nil
}

// status is the engine's state, or why it is not known.
func status(ctx context.Context, c Config) any {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	snap, err := c.Daemon.Snapshot(ctx)
	if err != nil {
		return app.InfoOf(err)
	}
	return snap
}

func versions(c Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "wherry %s\n%s, %s/%s, %d processors\n", c.Version, runtime.Version(), hostOS, runtime.GOARCH, runtime.NumCPU())
	if text, err := os.ReadFile("/etc/os-release"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
				b.WriteString(name)
			}
		}
	}
	return b.String()
}

// listing names the files of the state directory with their sizes, rights and times.
func listing(root string) string {
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it went away meanwhile
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			name = path
		}
		fmt.Fprintf(&b, "%v %12d %s %s\n", st.Mode(), st.Size(), st.ModTime().UTC().Format(time.RFC3339), name)
		return nil
	})
	if err != nil {
		fmt.Fprintf(&b, "%v\n", err)
	}
	return b.String()
}

// jsonText is s as it stands in JSON.
func jsonText(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(text)
}
