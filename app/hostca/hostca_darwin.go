package hostca

import (
	"context"
	"os/exec"
	"time"

	"github.com/wherry-app/wherry/app"
)

// Read returns the certificates as PEM: those of the system and of its administrator.
func Read() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/bin/security", "find-certificate", "-a", "-p",
		"/Library/Keychains/System.keychain", "/System/Library/Keychains/SystemRootCertificates.keychain").Output()
	if err != nil {
		return nil, app.Errorf("use the setting ca_dir", "read this computer's authorities: %w", err)
	}
	return out, nil
}
