package space_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/wherry-app/wherry/app/space"
)

func TestOf(t *testing.T) {
	got, err := space.Of(t.TempDir())
	if err != nil || got.Free <= 0 || got.Total < got.Free {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := space.Of(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a folder that does not exist has room")
	}
}

func TestAllocatedOfASparseFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sizes of sparse files are not measured there")
	}
	path := filepath.Join(t.TempDir(), "sparse")
	if err := os.WriteFile(path, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<30); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := space.Allocated(st); got > 1<<20 {
		t.Errorf("%d bytes of a sparse file are allocated", got)
	}
}
