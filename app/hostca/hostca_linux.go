package hostca

import (
	"errors"
	"os"

	"github.com/wherry-app/wherry/app"
)

// Read returns the certificates as PEM.
func Read() ([]byte, error) {
	for _, file := range []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
	} {
		b, err := os.ReadFile(file)
		if err == nil {
			return b, nil
		}
	}
	return nil, app.Errorf("install the package ca-certificates, or use the setting ca_dir", "read this computer's authorities: %w", errors.New("none were found"))
}
