package names

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	caYears  = 10
	leafDays = 90
	// leavesMax bounds the certificates that are kept.
	leavesMax = 1024
)

// CA is an authority of this host alone: it can vouch for names under .localhost and for no others, so that somebody who
// stole its key could do nothing elsewhere. Nobody trusts it unless the user has said so.
type CA struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// CAFile is the certificate's name in the folder of a CA.
const CAFile = "wherry-ca.pem"

const keyFile = "wherry-ca-key.pem"

// OpenCA reads the authority in a folder, or makes one there, for the owner only.
func OpenCA(dir string) (*CA, error) {
	ca, err := readCA(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	if err := makeCA(dir); err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	return readCA(dir)
}

// File is the certificate's path.
func (c *CA) File() string { return filepath.Join(c.dir, CAFile) }

// Cert is the authority's own certificate.
func (c *CA) Cert() *x509.Certificate { return c.cert }

func readCA(dir string) (*CA, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, CAFile), filepath.Join(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || pair.Leaf == nil || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("read certificate authority: %s is none", filepath.Join(dir, CAFile))
	}
	return &CA{dir: dir, cert: pair.Leaf, key: key, leaves: map[string]*tls.Certificate{}}, nil
}

func makeCA(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := newSerial()
	if err != nil {
		return err
	}
	who, err := os.Hostname()
	if err != nil {
		who = "this computer"
	}
	now := time.Now()
	_, all4, _ := net.ParseCIDR("0.0.0.0/0")
	_, all6, _ := net.ParseCIDR("::/0")
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"Wherry"}, CommonName: "Wherry local authority of " + who},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(caYears, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{suffix[1:]},
		ExcludedIPRanges:            []*net.IPNet{all4, all6},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// The key comes first: a certificate without one would be taken for a whole authority.
	for _, f := range []struct {
		name, kind string
		bytes      []byte
	}{{keyFile, "PRIVATE KEY", raw}, {CAFile, "CERTIFICATE", cert}} {
		text := pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.bytes})
		if err := os.WriteFile(filepath.Join(dir, f.name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}

// certificate is the one for a client that asks for a name.
func (c *CA) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	if name == "" {
		name = suffix[1:]
	}
	if short, ok := strings.CutSuffix(name, suffix); name != suffix[1:] && (!ok || !valid(short)) {
		return nil, fmt.Errorf("no certificate for %q", name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if leaf := c.leaves[name]; leaf != nil && time.Until(leaf.Leaf.NotAfter) > 24*time.Hour {
		return leaf, nil
	}
	leaf, err := c.issue(name)
	if err != nil {
		return nil, err
	}
	if len(c.leaves) >= leavesMax {
		clear(c.leaves)
	}
	c.leaves[name] = leaf
	return leaf, nil
}

func (c *CA) issue(name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"Wherry"}},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, leafDays),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{name},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, c.cert, key.Public(), c.key)
	if err != nil {
		return nil, fmt.Errorf("make certificate for %s: %w", name, err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, nil
}
