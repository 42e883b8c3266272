package dock

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"

	"github.com/wherry-app/wherry/app"
)

// hub is how docker's settings name Docker Hub.
const hub = "https://index.docker.io/v1/"

// login is the login that docker has stored for the registry of an image, by its settings or a credential helper that
// they name, in the form that the engine takes it. Without one it is that of nobody.
func (s *Source) login(ref string) (string, error) {
	file, err := config.Load(s.cfg.DockerConfig)
	if err != nil {
		return "", app.Errorf("see to docker's config.json", "read docker's logins: %w", err)
	}
	stored, err := file.GetAuthConfig(registryOf(ref))
	if err != nil {
		return "", app.Errorf("log in anew: docker login "+hostOf(ref), "get docker's login: %w", err)
	}
	return authconfig.Encode(registry.AuthConfig{
		Username: stored.Username, Password: stored.Password, Auth: stored.Auth, ServerAddress: stored.ServerAddress,
		IdentityToken: stored.IdentityToken, RegistryToken: stored.RegistryToken,
	})
}

// hostOf is the registry's address in an image's name.
func hostOf(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ""
	}
	return reference.Domain(named)
}

// registryOf is the registry as docker's settings name it.
func registryOf(ref string) string {
	if host := hostOf(ref); host != "docker.io" {
		return host
	}
	return hub
}

// refused adds to a registry's refusal how to log in.
func refused(ref string, err error) error {
	if err == nil {
		return nil
	}
	text := strings.ToLower(err.Error())
	for _, word := range []string{"denied", "unauthorized", "authentication required", "no basic auth credentials"} {
		if strings.Contains(text, word) {
			host := hostOf(ref)
			if host == "docker.io" {
				host = ""
			}
			return &app.Error{Err: err, Next: strings.TrimSpace(fmt.Sprintf("If the image is private, log in to its registry first: docker login %s", host))}
		}
	}
	return err
}
