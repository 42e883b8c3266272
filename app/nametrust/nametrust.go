package nametrust

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/smallstep/truststore"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/names"
)

// options add the browsers' own stores where there is a program to change them.
func options() []truststore.Option {
	if nss, err := truststore.NewNSSTrust(); err == nil && nss.PreCheck() == nil {
		return []truststore.Option{truststore.WithTrust(nss)}
	}
	return nil
}

// Trust makes the stores trust the authority in a folder, which is made if there is none. It is idempotent.
func Trust(dir string) error {
	ca, err := names.OpenCA(dir)
	if err != nil {
		return err
	}
	if err := truststore.Install(ca.Cert(), options()...); err != nil {
		return failed("add "+ca.File()+" to", err)
	}
	return nil
}

// Untrust makes the stores forget the authority in a folder, if there is one. It is idempotent.
func Untrust(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, names.CAFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	ca, err := names.OpenCA(dir)
	if err != nil {
		return err
	}
	if err := truststore.Uninstall(ca.Cert(), options()...); err != nil {
		return failed("remove "+ca.File()+" from", err)
	}
	return nil
}

// Trusted says whether this process, which asks the system's store, trusts the authority in a folder.
func Trusted(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, names.CAFile)); err != nil {
		return false
	}
	ca, err := names.OpenCA(dir)
	if err != nil {
		return false
	}
	_, err = ca.Cert().Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

func failed(verb string, err error) error {
	return app.Errorf("try again as a user who may change the system's certificates, or do it by hand", "%s the trusted certificates: %w", verb, err)
}

// Explain is what a user should know before trusting.
func Explain(dir string) string {
	return fmt.Sprintf("The authority %s can vouch for names under .localhost only; its key never leaves this computer.", filepath.Join(dir, names.CAFile))
}
