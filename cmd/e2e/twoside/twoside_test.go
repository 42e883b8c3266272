package twoside_test

import (
	"slices"
	"testing"

	"github.com/wherry-app/wherry/cmd/e2e/twoside"
)

// TestMutatorChangesTheTree: alone on a tree; a seed decides all but the times.
func TestMutatorChangesTheTree(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	ma, mb := twoside.NewMutator(a, 7), twoside.NewMutator(b, 7)
	ma.Change(2500)
	mb.Change(2500)
	for _, kind := range []string{"write", "append", "overwrite", "truncate", "unlink", "mkdir", "rmdir", "rename", "replace", "link", "symlink", "chmod", "times", "hold", "map"} {
		if ma.Done[kind] == 0 || ma.Done[kind] != mb.Done[kind] {
			t.Errorf("%s: done %d and %d times", kind, ma.Done[kind], mb.Done[kind])
		}
	}
	ta, err := twoside.Tree(a)
	if err != nil {
		t.Fatal(err)
	}
	tb, err := twoside.Tree(a)
	if err != nil || len(ta) < 10 || !slices.Equal(ta, tb) {
		t.Errorf("%d lines, %d lines, %v", len(ta), len(tb), err)
	}
}
