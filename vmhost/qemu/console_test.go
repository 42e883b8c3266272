package qemu

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func appendTo(t *testing.T, log boundedLog, text []byte) {
	t.Helper()
	f, err := os.OpenFile(string(log), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
}

func TestLogIsKeptBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := boundedLog(filepath.Join(t.TempDir(), "console.log"))
		appendTo(t, log, []byte("small"))
		ctx, cancel := context.WithCancel(t.Context())
		kept := make(chan struct{})
		go func() {
			defer close(kept)
			keepBounded(ctx, func(err error) { t.Error(err) }, log, boundedLog(filepath.Join(t.TempDir(), "missing")))
		}()
		time.Sleep(2 * trimEvery)
		synctest.Wait()
		if log.size() != 5 {
			t.Errorf("small log has %d bytes, want 5", log.size())
		}
		appendTo(t, log, append(bytes.Repeat([]byte("x"), 2*maxLog), "the end"...))
		time.Sleep(trimEvery)
		synctest.Wait()
		if log.size() != 0 {
			t.Errorf("full log has %d bytes, want 0", log.size())
		}
		end := log + ".1"
		if text, err := end.tail(0, 7); err != nil || string(text) != "the end" || end.size() != maxLog {
			t.Errorf("its end is kept as %d bytes up to %q, %v", end.size(), text, err)
		}
		cancel()
		<-kept
	})
}

func TestLogRotates(t *testing.T) {
	log := boundedLog(filepath.Join(t.TempDir(), "console.log"))
	if err := log.rotate(); err != nil {
		t.Errorf("rotate() of no log = %v", err)
	}
	appendTo(t, log, []byte("first boot"))
	if err := log.rotate(); err != nil || log.size() != 10 {
		t.Errorf("rotate() of a small log = %v, leaves %d bytes", err, log.size())
	}
	appendTo(t, log, make([]byte, maxLog))
	if err := log.rotate(); err != nil || log.size() != 0 || (log+".1").size() != maxLog+10 {
		t.Errorf("rotate() of a full log = %v, leaves %d bytes", err, log.size())
	}
}

func TestPanicLineIsOfThisBoot(t *testing.T) {
	log := boundedLog(filepath.Join(t.TempDir(), "console.log"))
	appendTo(t, log, []byte("[    1.0] Kernel panic - not syncing: the last boot\r\n"))
	offset := log.size()
	appendTo(t, log, []byte("[    0.1] booting\r\n"))
	if cause, ok := log.panicLine(offset); ok {
		t.Errorf("panicLine() = %q of the last boot", cause)
	}
	appendTo(t, log, []byte("[    2.0] Kernel panic - not syncing: VFS: no root\r\n[    2.1] Rebooting\r\n"))
	if cause, ok := log.panicLine(offset); !ok || cause != "VFS: no root" {
		t.Errorf("panicLine() = %q, %v", cause, ok)
	}
	if err := os.Truncate(string(log), 0); err != nil {
		t.Fatal(err)
	}
	appendTo(t, log, []byte("Kernel panic - not syncing: new\n"))
	if cause, ok := log.panicLine(offset); !ok || cause != "new" {
		t.Errorf("panicLine() of an emptied log = %q, %v", cause, ok)
	}
}
