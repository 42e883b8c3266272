package hostca

import (
	"bytes"
	"encoding/pem"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/wherry-app/wherry/app"
)

// Read returns the certificates as PEM: those of the user's store of roots, which has the computer's, too.
func Read() ([]byte, error) {
	name, err := windows.UTF16PtrFromString("ROOT")
	if err != nil {
		return nil, err
	}
	store, err := windows.CertOpenSystemStore(0, name)
	if err != nil {
		return nil, app.Errorf("use the setting ca_dir", "read this computer's authorities: %w", err)
	}
	defer windows.CertCloseStore(store, 0) //nolint:errcheck // was only read
	var out bytes.Buffer
	var cert *windows.CertContext
	for {
		if cert, err = windows.CertEnumCertificatesInStore(store, cert); err != nil || cert == nil {
			return out.Bytes(), nil //nolint:nilerr // says that there is no other one
		}
		raw := unsafe.Slice(cert.EncodedCert, cert.Length)
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: raw})
	}
}
