package home_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestRemoveAllLeavesWhatOthersHavePutThere(t *testing.T) {
	d := dir(t)
	for _, name := range []string{"data.img", "data.img.fresh", "vm.state", "settings.json", "thesis.txt"} {
		if err := os.WriteFile(filepath.Join(d.Root(), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left, err := d.RemoveAll()
	if err != nil || !slices.Equal(left, []string{"thesis.txt"}) {
		t.Errorf("%q, %v", left, err)
	}
	if entries, err := os.ReadDir(d.Root()); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := os.Remove(filepath.Join(d.Root(), "thesis.txt")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if left, err := d.RemoveAll(); err != nil || len(left) > 0 {
			t.Errorf("%q, %v", left, err)
		}
	}
	if _, err := os.Stat(d.Root()); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder is still there")
	}
}
