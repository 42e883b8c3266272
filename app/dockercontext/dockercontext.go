package dockercontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/context/store"

	"github.com/wherry-app/wherry/app"
)

// Name is the context's.
const Name = "wherry"

// defaultName is the context that stands for DOCKER_HOST or the system's own socket; it is in no store.
const defaultName = "default"

// ConfigEnv names the environment variable that moves docker's configuration.
const ConfigEnv = "DOCKER_CONFIG"

// DefaultDir is the folder of docker's configuration: $DOCKER_CONFIG, or .docker in the user's home.
func DefaultDir() (string, error) {
	if v := os.Getenv(ConfigEnv); v != "" {
		return v, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find docker's configuration: %w", err)
	}
	return filepath.Join(home, ".docker"), nil
}

// Store is docker's configuration in one folder, which need not exist yet.
type Store struct {
	dir      string
	contexts *store.ContextStore
}

// Open takes docker's configuration from a folder. It does nothing yet.
func Open(dir string) *Store {
	cfg := store.NewConfig(func() any { return &metadata{} }, store.EndpointTypeGetter(endpoint, func() any { return &endpointMeta{} }))
	return &Store{dir: dir, contexts: store.New(filepath.Join(dir, "contexts"), cfg)}
}

// endpoint is what docker calls the engine in a context.
const endpoint = "docker"

// metadata and endpointMeta are what docker's command line reads of a context and of the engine in it.
type (
	metadata struct {
		Description string `json:",omitempty"`
	}
	endpointMeta struct {
		Host          string `json:",omitempty"`
		SkipTLSVerify bool
	}
)

// Status says how things are.
type Status struct {
	// Host is where the context "wherry" leads to, as DOCKER_HOST has it; empty if there is none.
	Host string `json:"host"`
	// Current is the context that docker uses where nothing else is said.
	Current string `json:"current"`
	// Others are the contexts beside "wherry" and "default".
	Others []string `json:"others,omitempty"`
}

// Status reads how things are.
func (s *Store) Status() (Status, error) {
	st := Status{Current: defaultName}
	config, err := s.readConfig()
	if err != nil {
		return st, err
	}
	if raw, ok := config[currentKey]; ok {
		var name string
		if json.Unmarshal(raw, &name) == nil && name != "" {
			st.Current = name
		}
	}
	all, err := s.contexts.List()
	if err != nil {
		return st, fmt.Errorf("list docker's contexts: %w", err)
	}
	for _, m := range all {
		if m.Name != Name {
			st.Others = append(st.Others, m.Name)
			continue
		}
		if e, ok := m.Endpoints[endpoint].(endpointMeta); ok {
			st.Host = e.Host
		}
	}
	return st, nil
}

// Write makes the context "wherry" lead to a host, in the form of DOCKER_HOST. One that does already stays as it is.
func (s *Store) Write(host string) error {
	if st, err := s.Status(); err == nil && st.Host == host {
		return nil
	}
	err := s.contexts.CreateOrUpdate(store.Metadata{
		Name:      Name,
		Metadata:  metadata{Description: "Wherry"},
		Endpoints: map[string]any{endpoint: endpointMeta{Host: host}},
	})
	if err != nil {
		return fmt.Errorf("write docker's context %q: %w", Name, err)
	}
	return nil
}

// Use makes a context the current one; "default" takes the choice back.
func (s *Store) Use(name string) error {
	config, err := s.readConfig()
	if err != nil {
		return err
	}
	old, had := config[currentKey]
	if name == defaultName {
		delete(config, currentKey)
		if !had {
			return nil
		}
	} else {
		raw, err := json.Marshal(name)
		if err != nil {
			return fmt.Errorf("encode context's name: %w", err)
		}
		if bytes.Equal(old, raw) {
			return nil
		}
		config[currentKey] = raw
	}
	return s.writeConfig(config)
}

// Remove removes the context "wherry", and takes the choice of it back. It is idempotent.
func (s *Store) Remove() error {
	st, err := s.Status()
	if err != nil {
		return err
	}
	if st.Current == Name {
		if err := s.Use(defaultName); err != nil {
			return err
		}
	}
	if err := s.contexts.Remove(Name); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove docker's context %q: %w", Name, err)
	}
	return nil
}

// currentKey is the field of config.json with the current context's name.
const currentKey = "currentContext"

func (s *Store) configFile() string { return filepath.Join(s.dir, "config.json") }

// readConfig reads config.json, of which all that is not known here has to survive.
func (s *Store) readConfig() (map[string]json.RawMessage, error) {
	config := map[string]json.RawMessage{}
	b, err := os.ReadFile(s.configFile())
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(bytes.TrimSpace(b)) == 0) {
		return config, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read docker's configuration: %w", err)
	}
	if err := json.Unmarshal(b, &config); err != nil {
		return nil, app.Errorf("mend the file, or move it away", "docker's configuration %s is damaged: %w", s.configFile(), err)
	}
	return config, nil
}

// writeConfig replaces config.json at once, with the permissions it had. A link stays one.
func (s *Store) writeConfig(config map[string]json.RawMessage) (err error) {
	b, err := json.MarshalIndent(config, "", "\t")
	if err != nil {
		return fmt.Errorf("encode docker's configuration: %w", err)
	}
	path := s.configFile()
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write docker's configuration: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "config.json.*")
	if err != nil {
		return fmt.Errorf("write docker's configuration: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return fmt.Errorf("write docker's configuration: %w", err)
	}
	return os.Rename(f.Name(), path)
}
