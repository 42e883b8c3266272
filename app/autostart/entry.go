package autostart

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app/home"
)

// An Entry is what is to be started at login.
type Entry struct {
	// Program is the absolute path of the wherry program.
	Program string
	// Home is the state directory; empty for the system's own place.
	Home string
}

// stopTime is what the engine gets to stop at logout: its containers' time and its own (engine.DefaultDeadlines).
const stopTime = 90 * time.Second

// For is the entry of a program and a state directory.
func For(program string, h home.Dir) Entry {
	e := Entry{Program: program}
	if !h.IsDefault() {
		e.Home = h.Root()
	}
	return e
}

// name tells entries of several state directories apart.
func (e Entry) name() string {
	if e.Home == "" {
		return "wherry"
	}
	sum := sha256.Sum256([]byte(e.Home))
	return "wherry-" + hex.EncodeToString(sum[:4])
}

// UnitName is the name of the systemd unit.
func (e Entry) UnitName() string { return e.name() + ".service" }

// Unit is the text of the systemd user unit. The engine runs in the unit's main process, the only one that is told to
// end, so that the VM is stopped by it, and cleanly; and so that a VM that is left to another daemon goes on.
func (e Entry) Unit() string {
	var env string
	if e.Home != "" {
		env = "Environment=" + unitQuote(home.EnvVar+"="+e.Home) + "\n"
	}
	return fmt.Sprintf(`[Unit]
Description=Wherry: Linux containers on this computer

[Service]
%sExecStart=%s start --foreground
KillMode=process
TimeoutStartSec=infinity
TimeoutStopSec=%d

[Install]
WantedBy=default.target
`, env, unitQuote(e.Program), int(stopTime.Seconds()))
}

// unitQuote writes a word of a unit's line so that systemd reads it as it is.
func unitQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`, "\n", `\n`).Replace(s) + `"`
}

// Label is the name of the launch agent.
func (e Entry) Label() string { return "app.wherry." + strings.TrimPrefix(e.name(), "wherry-") }

// Plist is the text of the launch agent's property list.
func (e Entry) Plist() string {
	var env string
	if e.Home != "" {
		env = fmt.Sprintf("\t<key>EnvironmentVariables</key>\n\t<dict>\n\t\t<key>%s</key>\n\t\t<string>%s</string>\n\t</dict>\n", home.EnvVar, xmlText(e.Home))
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>%s</string>
	<key>ProgramArguments</key>
	<array>
		<string>%s</string>
		<string>start</string>
		<string>--foreground</string>
	</array>
%s	<key>RunAtLoad</key>
	<true/>
	<key>ExitTimeOut</key>
	<integer>%d</integer>
</dict>
</plist>
`, xmlText(e.Label()), xmlText(e.Program), env, int(stopTime.Seconds()))
}

func xmlText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// RunValue is the name of the value under the Run key.
func (e Entry) RunValue() string { return "Wherry" + strings.TrimPrefix(e.name(), "wherry") }

// RunCommand is the value's text. Windows ends it with the user's session; the daemon it starts has a life of its own.
func (e Entry) RunCommand() string {
	start := `"` + e.Program + `" start`
	if e.Home == "" {
		return start
	}
	return `cmd.exe /d /s /c "set "` + home.EnvVar + "=" + e.Home + `" && ` + start + `"`
}
