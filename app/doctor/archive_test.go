package doctor_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/doctor"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/linuxvm/image"
)

// watched is a daemon whose state has secrets in it.
type watched struct{ snap app.Snapshot }

func (w watched) Snapshot(context.Context) (app.Snapshot, error)        { return w.snap, nil }
func (w watched) Watch(context.Context, func(app.Snapshot) error) error { return nil }

// secret is a planted word; each place has one of its own.
func secret(place string) string { return "zq9X" + place + "Kw77" }

// TestArchiveHasNoSecrets plants one in every place that could have one and looks for them in what comes out.
func TestArchiveHasNoSecrets(t *testing.T) {
	config, userHome := t.TempDir(), t.TempDir()
	t.Setenv("HOME", userHome)
	t.Setenv("USERPROFILE", userHome)
	t.Setenv("DOCKER_CONFIG", config)
	t.Setenv("HTTPS_PROXY", "http://user:"+secret("proxyenv")+"@proxy:3128")
	t.Setenv("GITHUB_TOKEN", secret("hosttoken"))
	auth := base64.StdEncoding.EncodeToString([]byte("me:" + secret("regpass")))
	put(t, filepath.Join(config, "config.json"), `{"auths":{"r.example":{"auth":"`+auth+`","identitytoken":"`+secret("identity")+`"}}}`)
	h, err := home.At(filepath.Join(userHome, "w"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Prepare(); err != nil {
		t.Fatal(err)
	}
	put(t, h.SettingsFile(), `{"version":1,"cpus":1,"memory":1073741824,"disk":4294967296,"driver":"auto","accel":"auto","https_proxy":"http://u:`+secret("proxysetting")+`@p:1","registry_password": "`+secret("setting")+`"}`)
	logs := []string{
		"pull with auth " + auth + " and " + secret("identity"),
		"plain password " + secret("regpass") + " as docker knows it",
		"proxy http://user:" + secret("proxyenv") + "@proxy:3128 and the word " + secret("proxyenv"),
		`time=x level=debug msg="form data: {\"Env\":[\"FOO=` + secret("env1") + `\",\"B=a]b\",\"C=` + secret("env2") + `\"],\"Image\":\"i\"}"`,
		`{"Env": ["A=` + secret("env3") + `", "D=` + secret("env4") + `"], "Cmd": ["sh"]}`,
		`{"environment": {"PLAIN": "` + secret("env5") + `"}}`,
		`docker run -e PLAIN=` + secret("run1") + ` --env OTHER=` + secret("run2") + ` image`,
		"docker login --password " + secret("login") + " r.example",
		"Authorization: Bearer " + secret("bearer"),
		`"X-Registry-Auth":["` + secret("xreg") + `"]`,
		"MYSQL_ROOT_PASSWORD=" + secret("mysql") + " started",
		`POSTGRES_PASSWORD="` + secret("pg with blank") + `"`,
		"clone https://someone:" + secret("clone") + "@git.example/x.git",
		"clone https://" + secret("onlytoken") + "@git.example/x.git",
		`{"identitytoken":"` + secret("jsontoken") + `","password": "` + secret("jsonpass") + `"}`,
		"AWS_SECRET_ACCESS_KEY=" + secret("aws") + " AKIAABCDEFGHIJKLMNOP",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
		"use ghp_0123456789abcdefABCDEF0123456789abcd",
		"a container printed " + secret("container") + " by itself",
		"-----BEGIN RSA PRIVATE KEY-----\nMII" + secret("key") + "\n-----END RSA PRIVATE KEY-----",
		"api_key: " + secret("yaml") + ", password: " + secret("yaml2"),
		"kept: the container web was started on 127.0.0.1:8080",
	}
	put(t, h.Log(app.LogEngine), strings.Join(logs, "\n")+"\n")
	put(t, h.Log(app.LogKernel), "run init PASSWORD="+secret("kernel")+"\n")
	put(t, h.Log(app.LogDaemon), "error: dial http://u:"+secret("daemonlog")+"@p:1: refused\n")
	put(t, filepath.Join(h.VM(), "qemu.log"), "x token="+secret("qemulog")+"\n")
	put(t, filepath.Join(h.VM(), "machine.json"), `{"secret":"`+secret("machine")+`"}`)
	snap := app.Snapshot{State: app.StateRunning, LastError: &app.ErrorInfo{Message: "proxy http://u:" + secret("laststate") + "@p refused"}}
	c := doctor.Config{
		Home: h, Host: app.Host{CPUs: 2, Memory: 8 << 30}, Version: "1.0", Daemon: watched{snap},
		Image: func() (*image.Image, error) { return nil, errors.New("pull token=" + secret("image")) },
	}
	var b bytes.Buffer
	if err := doctor.Archive(t.Context(), c, []string{"GREETING=" + secret("container"), "PATH=/bin"}, &b); err != nil {
		t.Fatal(err)
	}
	files := unzip(t, b.Bytes())
	for name, text := range files {
		for _, planted := range []string{"zq9X", auth, "AKIAABCDEFGHIJKLMNOP", "eyJzdWIi", "ghp_0123", userHome} {
			if i := strings.Index(text, planted); i >= 0 {
				t.Errorf("%s: …%s…", name, text[max(0, i-60):min(len(text), i+60)])
			}
		}
	}
	for _, name := range []string{"doctor.txt", "doctor.json", "status.json", "settings.json", "versions.txt", "files.txt", "machine.json", "logs/engine.log", "logs/kernel.log", "logs/daemon.log", "logs/qemu.log"} {
		if files["wherry/"+name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if !strings.Contains(files["wherry/logs/engine.log"], "web was started on 127.0.0.1:8080") {
		t.Error("what is no secret is gone, too")
	}
}

// TestLargeLogsAreCut: an archive stays small enough to be sent.
func TestLargeLogsAreCut(t *testing.T) {
	h, err := home.At(filepath.Join(t.TempDir(), "w"))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&log, "line %06d of a log that is longer than anybody wants to read\n", i)
	}
	put(t, h.Log(app.LogEngine), log.String())
	var b bytes.Buffer
	c := doctor.Config{Home: h, Daemon: watched{}, Image: func() (*image.Image, error) { return nil, errors.New("none") }}
	if err := doctor.Archive(t.Context(), c, nil, &b); err != nil {
		t.Fatal(err)
	}
	got := unzip(t, b.Bytes())["wherry/logs/engine.log"]
	if len(got) > 1<<20 || !strings.HasPrefix(got, "line 0") || !strings.Contains(got, "line 059999") {
		t.Errorf("%d bytes, from %.20q on", len(got), got)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func unzip(t *testing.T, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}
