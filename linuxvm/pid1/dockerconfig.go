package pid1

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// dockerFiles is a folder with dockerd's configuration, which dockerd knows as /etc/docker.
type dockerFiles struct{ dir string }

// The files: dockerd's own, of which keys that are not ours stay as they are; and the authorities in a folder of their own.
const (
	daemonFile = "daemon.json"
	caFolder   = "wherry-ca"
	caFile     = "ca.pem"
)

// The keys of dockerd's file that are ours. They are always written, even empty: what is absent, dockerd does not reload.
const (
	keyMirrors  = "registry-mirrors"
	keyInsecure = "insecure-registries"
)

// apply makes the files say c, and tells what of them has changed.
func (f dockerFiles) apply(c control.DockerConfig) (daemon, ca bool, err error) {
	if daemon, err = f.applyDaemon(c); err != nil {
		return false, false, err
	}
	if c.CA != nil {
		ca, err = f.applyCA(*c.CA)
	}
	return daemon, ca, err
}

func (f dockerFiles) applyDaemon(c control.DockerConfig) (changed bool, err error) {
	path := filepath.Join(f.dir, daemonFile)
	config := map[string]json.RawMessage{}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, fmt.Errorf("read dockerd's configuration: %w", err)
	default:
		if err := json.Unmarshal(b, &config); err != nil {
			return false, fmt.Errorf("read dockerd's configuration: %w", err)
		}
	}
	for key, list := range map[string][]string{keyMirrors: c.RegistryMirrors, keyInsecure: c.InsecureRegistries} {
		var old []string
		if raw, ok := config[key]; ok {
			if err := json.Unmarshal(raw, &old); err != nil {
				return false, fmt.Errorf("read dockerd's configuration: %s: %w", key, err)
			}
		}
		if slices.Equal(old, list) {
			continue
		}
		if list == nil {
			list = []string{}
		}
		if config[key], err = json.Marshal(list); err != nil {
			return false, fmt.Errorf("encode dockerd's configuration: %w", err)
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	if b, err = json.MarshalIndent(config, "", "  "); err != nil {
		return false, fmt.Errorf("encode dockerd's configuration: %w", err)
	}
	return true, replaceFile(path, append(b, '\n'))
}

// applyCA makes text the certificates of more authorities; none, if it has none.
func (f dockerFiles) applyCA(text string) (changed bool, err error) {
	if block, _ := pem.Decode([]byte(text)); block == nil {
		text = ""
	}
	path := filepath.Join(f.dir, caFolder, caFile)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("read certificates: %w", err)
	}
	if string(old) == text {
		return false, nil
	}
	if text == "" {
		if err := os.Remove(path); err != nil {
			return false, fmt.Errorf("remove certificates: %w", err)
		}
		return true, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, fmt.Errorf("make folder for certificates: %w", err)
	}
	return true, replaceFile(path, []byte(text))
}

// replaceFile writes a file so that a power cut leaves the old or the new.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
