package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
)

// wherry runs the program without a daemon and returns its exit code and what it printed.
func wherry(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestShare(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	me, src, other := filepath.Join(dir, "me"), filepath.Join(dir, "me", "src"), filepath.Join(dir, "other")
	for _, d := range []string{src, other} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(home.EnvVar, filepath.Join(dir, "w"))
	t.Setenv("HOME", me)
	t.Setenv("USERPROFILE", me)
	t.Chdir(dir)

	for _, step := range []struct {
		args       []string
		code       int
		out, wrong string // what is printed has it
		shares     []app.Share
	}{
		{args: []string{"share"}, out: me, shares: []app.Share{{Path: me}}},
		{args: []string{"share", "add", src}, wrong: "is shared already, with " + me, shares: []app.Share{{Path: me}}},
		{args: []string{"share", "add", "--read-only", "other"}, shares: []app.Share{{Path: me}, {Path: other, ReadOnly: true}}},
		{args: []string{"share"}, out: "read only", shares: []app.Share{{Path: me}, {Path: other, ReadOnly: true}}},
		{args: []string{"share", "add", "--read-only", src}, code: 1, wrong: "different rights", shares: []app.Share{{Path: me}, {Path: other, ReadOnly: true}}},
		{args: []string{"share", "add", other}, shares: []app.Share{{Path: me}, {Path: other}}},
		{args: []string{"share", "remove", "me"}, shares: []app.Share{{Path: other}}},
		{args: []string{"share", "remove", "me"}, code: 1, wrong: "is not a shared folder", shares: []app.Share{{Path: other}}},
		{args: []string{"share", "add", filepath.Join(dir, "none")}, code: 1, wrong: "make the folder first", shares: []app.Share{{Path: other}}},
		{args: []string{"share", "add"}, code: 2, wrong: "--help", shares: []app.Share{{Path: other}}},
		{args: []string{"share", "remove", other}, shares: []app.Share{}},
		{args: []string{"share"}, wrong: "wherry share add PATH", shares: []app.Share{}},
	} {
		code, out, wrong := wherry(t, step.args...)
		if code != step.code || !strings.Contains(out, step.out) || !strings.Contains(wrong, step.wrong) {
			t.Errorf("%q: exit code %d\n%s%s", step.args, code, out, wrong)
		}
		_, text, _ := wherry(t, "share", "--json")
		var list []app.ShareState
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if len(list) != len(step.shares) {
			t.Fatalf("after %q: %+v, want %+v", step.args, list, step.shares)
		}
		for i, s := range step.shares {
			if list[i].Path != s.Path || list[i].ReadOnly != s.ReadOnly || list[i].Ready {
				t.Errorf("after %q: %+v, want %+v", step.args, list[i], s)
			}
		}
	}
}

func TestShareThatIsGone(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(home.EnvVar, filepath.Join(dir, "w"))
	t.Setenv("HOME", filepath.Join(dir, "gone"))
	t.Setenv("USERPROFILE", filepath.Join(dir, "gone"))
	if code, out, _ := wherry(t, "share"); code != 0 || !strings.Contains(out, "wherry share remove") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}
