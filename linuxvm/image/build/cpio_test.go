package build

import (
	"bytes"
	"io/fs"
	"os/exec"
	"strings"
	"testing"
)

func testInitrd() Tree {
	tree := Tree{}
	tree.PutFile("init", 0o755, []byte("program"))
	tree.PutFile("lib/a.ko", 0o644, []byte("12345"))
	tree.PutLink("bin", "usr/bin")
	tree.Put("dev/console", Entry{Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600})
	return tree
}

func TestCPIOHeader(t *testing.T) {
	var b bytes.Buffer
	if err := writeCPIO(&b, Tree{"init": {Mode: 0o755, Data: []byte("program")}}); err != nil {
		t.Fatal(err)
	}
	want := "070701" + "00000001" + "000081ed" + strings.Repeat("0", 16) + "00000001" + "00000000" + "00000007" +
		strings.Repeat("0", 32) + "00000005" + "00000000" + "init\x00" + "\x00" + "program\x00" +
		"070701" + strings.Repeat("0", 32) + "00000001" + strings.Repeat("0", 48) + "0000000b" + "00000000" +
		"TRAILER!!!\x00\x00\x00\x00"
	if got := b.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCPIOIsReadByCpio(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
	var b bytes.Buffer
	if err := writeCPIO(&b, testInitrd()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "cpio", "--quiet", "-tv")
	cmd.Stdin = &b
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio: %v: %s", err, out)
	}
	for _, want := range []string{"bin -> usr/bin", "crw-------", "-rwxr-xr-x", "lib/a.ko", "drwxr-xr-x", "init"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("cpio does not list %q:\n%s", want, out)
		}
	}
}

func TestCPIOIsTheSameTwice(t *testing.T) {
	var a, b bytes.Buffer
	if err := writeCPIO(&a, testInitrd()); err != nil {
		t.Fatal(err)
	}
	if err := writeCPIO(&b, testInitrd()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same tree gives different bytes")
	}
}
