package dock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/moby/moby/api/pkg/authconfig"

	"github.com/wherry-app/wherry/app"
)

func TestLogin(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	// me:secret, you:word; the third is kept by a helper
	write("config.json", `{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6c2VjcmV0"},"ghcr.io":{"auth":"eW91OndvcmQ="},"vault.example.com:5000":{}},
		"credHelpers":{"vault.example.com:5000":"wherrytest"}}`, 0o600)
	write("docker-credential-wherrytest", "#!/bin/sh\nread host\necho \"{\\\"ServerURL\\\":\\\"$host\\\",\\\"Username\\\":\\\"kept\\\",\\\"Secret\\\":\\\"well\\\"}\"\n", 0o700)
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	s := New(Config{DockerConfig: dir})
	for ref, want := range map[string][2]string{
		"nginx": {"me", "secret"}, "docker.io/me/web:2": {"me", "secret"}, "ghcr.io/acme/api@sha256:" + digest: {"you", "word"},
		"vault.example.com:5000/x": {"kept", "well"}, "localhost:5000/free": {},
	} {
		header, err := s.login(ref)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		got, err := authconfig.Decode(header)
		if err != nil || got.Username != want[0] || got.Password != want[1] {
			t.Errorf("%s: %+v, %v", ref, got, err)
		}
	}
	write("config.json", "{", 0o600)
	if _, err := s.login("nginx"); app.InfoOf(err) == nil || app.InfoOf(err).Hint == "" {
		t.Errorf("a broken config.json: %v", err)
	}
}

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestRefused(t *testing.T) {
	denied := errors.New("push: denied: requested access to the resource is denied")
	if hint := app.InfoOf(refused("ghcr.io/acme/api", denied)).Hint; hint != "If the image is private, log in to its registry first: docker login ghcr.io" {
		t.Errorf("ghcr.io: %q", hint)
	}
	if hint := app.InfoOf(refused("acme/api", denied)).Hint; hint != "If the image is private, log in to its registry first: docker login" {
		t.Errorf("Docker Hub: %q", hint)
	}
	if err := refused("x", errors.New("no such host")); app.InfoOf(err).Hint != "" {
		t.Errorf("another error: %v", err)
	}
	if refused("x", nil) != nil {
		t.Error("no error is one")
	}
}
