package dockercontext_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/dockercontext"
)

const host = "unix:///home/me/wherry, here/docker.sock"

func emptyHost() dockercontext.Host {
	return dockercontext.Host{Env: func(string) string { return "" }, Answers: func(context.Context) bool { return false }}
}

func status(t *testing.T, s *dockercontext.Store) dockercontext.Status {
	t.Helper()
	st, err := s.Status()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestContextIsWrittenUsedAndRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docker")
	s := dockercontext.Open(dir)
	if st := status(t, s); st.Host != "" || st.Current != "default" {
		t.Errorf("in the beginning: %+v", st)
	}
	for range 2 {
		if err := s.Write(host); err != nil {
			t.Fatal(err)
		}
	}
	if st := status(t, s); st.Host != host || st.Current != "default" {
		t.Errorf("written: %+v", st)
	}
	if err := s.Use(dockercontext.Name); err != nil {
		t.Fatal(err)
	}
	if st := status(t, s); st.Current != "wherry" {
		t.Errorf("used: %+v", st)
	}
	for range 2 {
		if err := s.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	if st := status(t, s); st.Host != "" || st.Current != "default" {
		t.Errorf("removed: %+v", st)
	}
}

// TestDockerReadsIt: the stock command line takes the context for its own.
func TestDockerReadsIt(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Skip("docker is missing: run `make deps`")
	}
	dir := t.TempDir()
	s := dockercontext.Open(dir)
	if err := s.Apply(t.Context(), app.On, host, false, emptyHost()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), docker, "context", "ls", "--format", "{{.Name}} {{.Current}} {{.DockerEndpoint}}")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DOCKER_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "DOCKER_CONFIG="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "wherry true "+host) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestConfigKeepsWhatItHas(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(`{"auths":{"r":{"auth":"x"}},"future":[1,2.50],"currentContext":"other"}`), 0o640); err != nil {
		t.Fatal(err)
	}
	s := dockercontext.Open(dir)
	if err := s.Use(dockercontext.Name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(b, &config); err != nil {
		t.Fatal(err)
	}
	if config["currentContext"] != "wherry" || !strings.Contains(string(b), "2.50") || config["auths"] == nil {
		t.Errorf("got %s", b)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("mode: %v, %v", st.Mode(), err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDamagedConfigIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(`{"auths":`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := dockercontext.Open(dir).Use(dockercontext.Name)
	if info := app.InfoOf(err); info == nil || info.Hint == "" {
		t.Errorf("got %+v", info)
	}
	if b, _ := os.ReadFile(file); string(b) != `{"auths":` {
		t.Errorf("it was changed: %s", b)
	}
}

// TestApply: when the engine's context becomes the current one unasked, and when not.
func TestApply(t *testing.T) {
	set := func(name string) func(*dockercontext.Host) {
		return func(h *dockercontext.Host) {
			h.Env = func(n string) string {
				if n == name {
					return "x"
				}
				return ""
			}
		}
	}
	for _, tt := range []struct {
		name, setting string
		foreign       bool
		before        func(*testing.T, *dockercontext.Store)
		host          func(*dockercontext.Host)
		want          dockercontext.Status
	}{
		{name: "auto, no other engine", setting: app.Auto, want: dockercontext.Status{Host: host, Current: "wherry"}},
		{name: "auto, DOCKER_HOST", setting: app.Auto, host: set("DOCKER_HOST"), want: dockercontext.Status{Host: host, Current: "default"}},
		{name: "auto, DOCKER_CONTEXT", setting: app.Auto, host: set("DOCKER_CONTEXT"), want: dockercontext.Status{Host: host, Current: "default"}},
		{
			name: "auto, another engine answers", setting: app.Auto, want: dockercontext.Status{Host: host, Current: "default"},
			host: func(h *dockercontext.Host) { h.Answers = func(context.Context) bool { return true } },
		},
		{
			name: "auto, another context is chosen", setting: app.Auto, want: dockercontext.Status{Host: host, Current: "other"},
			before: func(t *testing.T, s *dockercontext.Store) { use(t, s, "other") },
		},
		{
			name: "auto, the user went back to the default", setting: app.Auto, want: dockercontext.Status{Host: host, Current: "default"},
			before: func(t *testing.T, s *dockercontext.Store) { write(t, s, host) },
		},
		{name: "auto, another state directory", setting: app.Auto, foreign: true, want: dockercontext.Status{Current: "default"}},
		{name: "on, another state directory", setting: app.On, foreign: true, want: dockercontext.Status{Host: host, Current: "wherry"}},
		{
			name: "on, another context is chosen", setting: app.On, want: dockercontext.Status{Host: host, Current: "wherry"},
			before: func(t *testing.T, s *dockercontext.Store) { use(t, s, "other") },
		},
		{name: "off", setting: app.Off, want: dockercontext.Status{Current: "default"}},
		{
			name: "the engine has moved", setting: app.Auto, want: dockercontext.Status{Host: host, Current: "wherry"},
			before: func(t *testing.T, s *dockercontext.Store) { write(t, s, "unix:///old"); use(t, s, "wherry") },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, h := dockercontext.Open(t.TempDir()), emptyHost()
			if tt.before != nil {
				tt.before(t, s)
			}
			if tt.host != nil {
				tt.host(&h)
			}
			if err := s.Apply(t.Context(), tt.setting, host, tt.foreign, h); err != nil {
				t.Fatal(err)
			}
			if got := status(t, s); got.Host != tt.want.Host || got.Current != tt.want.Current {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func use(t *testing.T, s *dockercontext.Store, name string) {
	t.Helper()
	if err := s.Use(name); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, s *dockercontext.Store, host string) {
	t.Helper()
	if err := s.Write(host); err != nil {
		t.Fatal(err)
	}
}
