package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestARM64Guest boots the arm64 guest on an emulated processor, up to a container that answers.
func TestARM64Guest(t *testing.T) {
	e := newEngine(t)
	image, err := filepath.Abs("../../dist/guest-arm64")
	if err != nil {
		t.Fatal(err)
	}
	_, imageErr := os.Stat(filepath.Join(image, "manifest.json"))
	_, qemuErr := exec.LookPath("qemu-system-aarch64")
	if imageErr != nil || qemuErr != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v, %v: run `make deps` and `make guest ARCH=arm64`", imageErr, qemuErr)
		}
		t.Skipf("%v, %v: run `make deps` and `make guest ARCH=arm64`", imageErr, qemuErr)
	}
	e.env = append(e.env, "WHERRY_GUEST="+image)
	e.wherry("settings", "set", "accel", "tcg")
	t.Log(e.wherry("welcome"))
	if got := strings.TrimSpace(e.docker("version", "--format", "{{.Server.Arch}}")); got != "arm64" {
		t.Errorf("docker runs on %q", got)
	}
	s := e.status()
	if len(s.Ports) != 1 {
		t.Fatalf("ports: %+v", s.Ports)
	}
	if page := fetch(t, "http://"+s.Ports[0].HostAddress); !strings.Contains(page, "on arm64") {
		t.Errorf("page: %.300s", page)
	}
	e.wherry("stop")
}
