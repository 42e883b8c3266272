package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// registry is Debian's docker-registry on a port of the loopback, without TLS and behind it.
type registry struct {
	port, tlsPort string
	ca            string // folder with the certificate of the authority that signs it
}

// authority makes an authority in a folder, and a certificate of it for names.
func authority(t *testing.T, names ...string) (dir string, cert tls.Certificate) {
	t.Helper()
	make := func(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-24*time.Hour), time.Now().Add(24*time.Hour)
		if parent == nil {
			parent, parentKey = template, key
		}
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		return raw, key
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an office's own authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rawCA, caKey := make(ca, nil, nil)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	rawLeaf, leafKey := make(leaf, ca, caKey)
	dir = t.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rawCA})
	if err := os.WriteFile(filepath.Join(dir, "office.crt"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, tls.Certificate{Certificate: [][]byte{rawLeaf}, PrivateKey: leafKey}
}

// startRegistry runs a registry until the test is over.
func startRegistry(t *testing.T) *registry {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("docker-registry is missing: run `make deps`")
		}
		t.Skip("docker-registry is missing: run `make deps`")
	}
	r := &registry{port: freePort(t)}
	dir := t.TempDir()
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: '127.0.0.1:%s'}\n", dir+"/data", r.port)
	if err := os.WriteFile(dir+"/config.yml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", dir+"/config.yml")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the registry does not answer: %v", err)
		}
	}
	ca, cert := authority(t, "host.docker.internal", "secure.test")
	r.ca = ca
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	to := &url.URL{Scheme: "http", Host: "127.0.0.1:" + r.port}
	front := &http.Server{Handler: &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host
		p.Out.Header.Set("X-Forwarded-Proto", "https")
	}}}
	go func() { _ = front.Serve(l) }()
	t.Cleanup(func() { _ = front.Close() })
	_, r.tlsPort, _ = net.SplitHostPort(l.Addr().String())
	return r
}

// officeProxy is an HTTP proxy on the loopback, as offices have them: it alone knows names under .test, all of which lead
// to the loopback. It remembers what it was asked for.
type officeProxy struct {
	url string
	mu  sync.Mutex
	log []string
}

func startOfficeProxy(t *testing.T) *officeProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &officeProxy{url: "http://" + l.Addr().String()}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil || !strings.HasSuffix(host, ".test") {
			return nil, fmt.Errorf("the office's proxy does not know %q", address)
		}
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}
	plain := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host }, Transport: &http.Transport{DialContext: dial}}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.log = append(p.log, r.Method+" "+r.Host)
		p.mu.Unlock()
		if r.Method != http.MethodConnect {
			plain.ServeHTTP(w, r)
			return
		}
		out, err := dial(r.Context(), "tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer out.Close()
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer in.Close()
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in); _ = out.(*net.TCPConn).CloseWrite() }()
		_, _ = io.Copy(in, out)
	})}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return p
}

// saw tells whether it was asked for something.
func (p *officeProxy) saw(request string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.log {
		if strings.HasPrefix(l, request) {
			return true
		}
	}
	return false
}

// pushAndPull brings the test image to a registry and back.
func (e *engine) pushAndPull(at string) {
	e.t.Helper()
	ref := at + "/box:" + fmt.Sprint(time.Now().UnixNano())
	e.docker("tag", "box", ref)
	e.docker("push", "-q", ref)
	e.docker("rmi", ref)
	e.docker("pull", "-q", ref)
	e.docker("rmi", ref)
}

// registryDirect: a registry without TLS on this host's loopback, which the settings allow while the engine runs; and one
// whose authority only this host's folder of certificates knows.
func (e *engine) registryDirect(r *registry) {
	at := "host.docker.internal:" + r.port
	ref := at + "/box"
	e.docker("tag", "box", ref)
	if out, err := e.tryDocker(nil, "push", "-q", ref); err == nil || !strings.Contains(out, "HTTP") {
		e.t.Errorf("a registry without TLS is trusted unasked: %v, %s", err, out)
	}
	e.docker("rmi", ref)
	e.wherry("settings", "set", "insecure_registries", at+",plain.test:"+r.port)
	e.eventuallyDocker(at, "info", "-f", "{{json .RegistryConfig.IndexConfigs}}")
	e.pushAndPull(at)
	e.pushAndPull("host.docker.internal:" + r.tlsPort)
}

// eventuallyDocker runs docker until it says something: settings are taken up beside the command that sets them.
func (e *engine) eventuallyDocker(want string, args ...string) {
	e.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		out := e.docker(args...)
		if strings.Contains(out, want) {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("docker %s: %q, want %q", strings.Join(args, " "), out, want)
		}
	}
}

// registryByProxy: the same by names that only the office's proxy knows, without and with TLS; builds and, by setting,
// containers get the proxy, too.
func (e *engine) registryByProxy(r *registry) {
	p := startOfficeProxy(e.t)
	e.wherry("settings", "set", "http_proxy", p.url)
	e.wherry("settings", "set", "https_proxy", p.url)
	e.pushAndPull("plain.test:" + r.port)
	if want := " plain.test:" + r.port; !p.saw("GET"+want) || !p.saw("PUT"+want) {
		e.t.Errorf("the proxy saw %q", p.log)
	}
	e.pushAndPull("secure.test:" + r.tlsPort)
	if !p.saw("CONNECT secure.test:" + r.tlsPort) {
		e.t.Errorf("the proxy saw %q", p.log)
	}
	ask := "wget -qO- http://ask.test:" + r.port + "/v2/"
	dir := e.t.TempDir()
	if err := os.WriteFile(dir+"/Dockerfile", []byte("FROM box\nRUN "+ask+" > /answer\nCMD env; cat /answer; "+ask+" || echo failed\n"), 0o600); err != nil {
		e.t.Fatal(err)
	}
	e.docker("build", "-q", "-t", "asked", dir)
	if got := e.docker("run", "--rm", "asked"); strings.Count(got, "{}") != 1 || !strings.Contains(got, "failed") || strings.Contains(got, "_proxy=") {
		e.t.Errorf("a build has the proxy, a container not: %s", got)
	}
	e.wherry("settings", "set", "container_proxy", "on")
	if got := e.docker("run", "--rm", "-e", "mine=1", "asked"); !strings.Contains(got, "http_proxy=http://gateway.docker.internal:") || strings.Count(got, "{}") != 2 || !strings.Contains(got, "mine=1") {
		e.t.Errorf("with the setting: %s", got)
	}
	e.wherry("settings", "set", "http_proxy", "off")
	if out, err := e.tryDocker(nil, "pull", "-q", "plain.test:"+r.port+"/box"); err == nil {
		e.t.Errorf("pulled without the proxy: %s", out)
	}
	for _, key := range []string{"http_proxy", "https_proxy"} {
		e.wherry("settings", "set", key, "auto")
	}
	e.wherry("settings", "set", "container_proxy", "off")
}
