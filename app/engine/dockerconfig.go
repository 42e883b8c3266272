package engine

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/hostca"
	"github.com/wherry-app/wherry/linuxvm/control"
)

// dockerConfig is what dockerd in the guest is told. Authorities are not named for a guest that was found running or was
// resumed with containers: a change would end its containers, and has time until the next boot.
func dockerConfig(set app.Settings, ca *string) control.DockerConfig {
	return control.DockerConfig{RegistryMirrors: set.RegistryMirrors, InsecureRegistries: set.InsecureRegistries, CA: ca}
}

// configureDocker brings dockerd's configuration up to date and follows the settings from then on. What goes wrong is a
// warning: docker works without.
func (s *session) configureDocker(ctx context.Context) {
	var ca *string
	if !s.adopted || s.gotUp {
		text, err := authorities(s.plan.settings)
		if err != nil {
			s.warn(fmt.Errorf("docker does not trust all authorities that it should: %w", err))
		}
		ca = &text
	}
	err := s.sendDockerConfig(ctx, dockerConfig(s.plan.settings, ca))
	if err != nil && ctx.Err() == nil {
		s.warn(fmt.Errorf("docker was not configured: %w", err))
	}
}

func (s *session) sendDockerConfig(ctx context.Context, c control.DockerConfig) error {
	restarted, err := s.agent.ConfigureDocker(ctx, c)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err == nil && restarted {
		s.log.Info("docker was started again for its new authorities")
	}
	return err
}

// followDockerSettings sends dockerd what can be changed while it runs.
func (s *session) followDockerSettings() {
	s.onSettings("docker's configuration", func(set app.Settings) {
		if err := s.sendDockerConfig(s.life, dockerConfig(set, nil)); err != nil && s.life.Err() == nil {
			s.warn(fmt.Errorf("docker was not configured: %w", err))
		}
	})
}

// warn tells the user something that does not stop the engine.
func (s *session) warn(err error) {
	s.log.Warn("warning", "error", err)
	s.report("", func(snap *app.Snapshot) { snap.Warnings = append(snap.Warnings, *app.InfoOf(err)) })
}

// authorities are the certificates, in PEM, that dockerd is to trust beside those of its image: of a folder's files, and
// of this host.
func authorities(set app.Settings) (string, error) {
	var text strings.Builder
	var errs []error
	if set.CADir != "" {
		errs = append(errs, readAuthorities(&text, set.CADir))
	}
	if set.HostCA {
		certs, err := hostca.Read()
		errs = append(errs, err)
		text.Write(certs)
	}
	return text.String(), errors.Join(errs...)
}

// readAuthorities appends the certificates in a folder's .crt, .pem and .cer files.
func readAuthorities(text *strings.Builder, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return app.Errorf("make the folder readable, or change the setting ca_dir", "read certificates: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if !slices.Contains([]string{".crt", ".pem", ".cer"}, strings.ToLower(filepath.Ext(e.Name()))) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("read certificate: %w", err))
			continue
		}
		found := false
		for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
			if block.Type == "CERTIFICATE" { // and no keys
				found = true
				text.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
			}
		}
		if !found {
			errs = append(errs, app.Errorf("write it as PEM (openssl x509 -inform der -in IN -out OUT)", "%s has no certificate in PEM", path))
		}
	}
	return errors.Join(errs...)
}
