package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wherry-app/wherry/vmhost"
)

// TestRecordVersions: a record of before there were versions is read, one of a newer version is refused with a hint.
func TestRecordVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machine.json")
	r := record{Accel: "tcg", Spec: vmhost.Spec{CPUs: 3}}
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := readRecord(path); err != nil || got.Format != recordFormat || got.Spec.CPUs != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	for text, newer := range map[string]bool{`{"accel":"tcg","spec":{"CPUs":3}}`: false, `{"format":99,"spec":"something else"}`: true} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readRecord(path)
		var hint vmhost.Hinter
		if newer != errors.Is(err, vmhost.ErrNewer) || newer != errors.As(err, &hint) || !newer && got.Spec.CPUs != 3 {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
