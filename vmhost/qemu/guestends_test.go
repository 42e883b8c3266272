package qemu

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
)

// TestGuestEnds tells a panic from a restart and points at the console log; the suite has the clean power-off.
func TestGuestEnds(t *testing.T) {
	for command, want := range map[string]string{
		echo.Panic:  "the guest's kernel panicked: sysrq triggered crash",
		echo.Reboot: "the guest restarted by itself",
	} {
		t.Run(command, func(t *testing.T) {
			s := testSpec(t)
			m := newTestMachine(t, testDriver(t), s)
			mustStart(t, m)
			conn, err := m.Open(t.Context(), vmhost.ChannelLink)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if line, err := bufio.NewReader(conn).ReadString('\n'); line != echo.Greeting(1)+"\n" {
				t.Fatalf("guest says %q, %v", line, err)
			}
			if _, err := fmt.Fprintln(conn, command); err != nil {
				t.Fatal(err)
			}
			<-m.Done()
			if err := m.Err(); err == nil || err.Error() != want {
				t.Fatalf("Err() = %v, want %s", err, want)
			}
			wantHint(t, m.Err())
			if hint := m.Err().(vmhost.Hinter).Hint(); !strings.Contains(hint, filepath.Base(s.ConsoleLog)) {
				t.Errorf("hint %q does not name the console log", hint)
			}
			if text, err := os.ReadFile(s.ConsoleLog); err != nil || !strings.Contains(string(text), "echoguest: serving") {
				t.Errorf("console log has %q, %v", text, err)
			}
		})
	}
}
