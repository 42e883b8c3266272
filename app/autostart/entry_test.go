package autostart_test

import (
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app/autostart"
)

func TestUnit(t *testing.T) {
	e := autostart.Entry{Program: `/opt/100% mine/wherry`, Home: `/data/my "home"`}
	const want = `[Unit]
Description=Wherry: Linux containers on this computer

[Service]
Environment="WHERRY_HOME=/data/my \"home\""
ExecStart="/opt/100%% mine/wherry" start --foreground
KillMode=process
TimeoutStartSec=infinity
TimeoutStopSec=90

[Install]
WantedBy=default.target
`
	if got := e.Unit(); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := (autostart.Entry{Program: "/usr/bin/wherry"}).Unit(); strings.Contains(got, "Environment") {
		t.Errorf("got\n%s", got)
	}
	if analyze, err := exec.LookPath("systemd-analyze"); err == nil {
		path := filepath.Join(t.TempDir(), "wherry.service")
		if err := os.WriteFile(path, []byte(autostart.Entry{Program: "/bin/true", Home: "/data"}.Unit()), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze: %v: %s", err, out)
		}
	}
}

func TestPlist(t *testing.T) {
	e := autostart.Entry{Program: "/Applications/A&B.app/wherry", Home: "/Users/me/<w>"}
	got := e.Plist()
	for _, want := range []string{"<string>/Applications/A&amp;B.app/wherry</string>", "<string>/Users/me/&lt;w&gt;</string>", "<string>--foreground</string>", "<key>RunAtLoad</key>\n\t<true/>", "<integer>90</integer>"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunKey(t *testing.T) {
	e := autostart.Entry{Program: `C:\Program Files\Wherry\wherry.exe`}
	if got := e.RunCommand(); got != `"C:\Program Files\Wherry\wherry.exe" start` || e.RunValue() != "Wherry" {
		t.Errorf("%s: %s", e.RunValue(), got)
	}
	e.Home = `D:\my data`
	if got := e.RunCommand(); got != `cmd.exe /d /s /c "set "WHERRY_HOME=D:\my data" && "C:\Program Files\Wherry\wherry.exe" start"` {
		t.Errorf("%s", got)
	}
	if e.RunValue() == "Wherry" || e.UnitName() == "wherry.service" {
		t.Error("entries of two state directories have one name")
	}
}
