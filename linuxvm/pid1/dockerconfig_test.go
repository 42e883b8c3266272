package pid1

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/wherry-app/wherry/linuxvm/control"
)

const somePEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

func TestDockerFiles(t *testing.T) {
	dir := t.TempDir()
	f := dockerFiles{dir}
	text := func(s string) *string { return &s }
	for _, step := range []struct {
		name       string
		c          control.DockerConfig
		daemon, ca bool
	}{
		{"nothing to say", control.DockerConfig{CA: text("")}, false, false},
		{"mirrors", control.DockerConfig{RegistryMirrors: []string{"https://m"}}, true, false},
		{"the same", control.DockerConfig{RegistryMirrors: []string{"https://m"}, CA: text("no certificate")}, false, false},
		{"an authority", control.DockerConfig{RegistryMirrors: []string{"https://m"}, CA: text(somePEM)}, false, true},
		{"authorities stay", control.DockerConfig{RegistryMirrors: []string{"https://m"}}, false, false},
		{"all change", control.DockerConfig{InsecureRegistries: []string{"r:5000"}, CA: text("")}, true, true},
		{"nothing more", control.DockerConfig{}, true, false},
	} {
		daemon, ca, err := f.apply(step.c)
		if err != nil || daemon != step.daemon || ca != step.ca {
			t.Errorf("%s: changed %v and %v, %v", step.name, daemon, ca, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, daemonFile))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][]string
	if err := json.Unmarshal(b, &got); err != nil || len(got) != 2 || len(got[keyMirrors])+len(got[keyInsecure]) != 0 {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestDockerFilesKeepWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, daemonFile)
	if err := os.WriteFile(path, []byte(`{"features":{"x":true},"dns":["1.1.1.1"],"registry-mirrors":["https://old"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, _, err := (dockerFiles{dir}).apply(control.DockerConfig{RegistryMirrors: []string{"https://new"}}); err != nil || !changed {
		t.Fatalf("%v, %v", changed, err)
	}
	var got map[string]any
	b, _ := os.ReadFile(path)
	if err := json.Unmarshal(b, &got); err != nil || got["features"] == nil || got["dns"] == nil || got[keyMirrors].([]any)[0] != "https://new" {
		t.Errorf("got %s, %v", b, err)
	}
	if err := os.WriteFile(path, []byte(`{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (dockerFiles{dir}).apply(control.DockerConfig{}); err == nil {
		t.Error("a damaged file was taken")
	}
}
