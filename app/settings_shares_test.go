package app_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
)

// folders makes folders in a temporary one and returns that, without links on the way to it.
func folders(t *testing.T, names ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestHomeIsSharedByDefault(t *testing.T) {
	dir := folders(t)
	for home, want := range map[string][]string{dir: {dir}, dir + string(filepath.Separator): {dir}, "": nil, "relative": nil, filepath.VolumeName(dir) + string(filepath.Separator): nil} {
		got := app.DefaultSettings(app.Host{Home: home})
		if !reflect.DeepEqual(got.Shares, want) {
			t.Errorf("home %q: %q, want %q", home, got.Shares, want)
		}
		if err := got.Check(app.Host{}, 0); err != nil {
			t.Errorf("home %q: %v", home, err)
		}
	}
}

func TestSharesSurviveParsing(t *testing.T) {
	for _, want := range []app.Share{{Path: "/srv"}, {Path: "/srv", ReadOnly: true}, {Path: "/odd:ro"}, {Path: "/odd:rw", ReadOnly: true}, {Path: "/a b,c"}} {
		want.Path = filepath.FromSlash(want.Path)
		if got := app.ParseShare(want.String()); got != want {
			t.Errorf("%+v is written %q and read %+v", want, want.String(), got)
		}
	}
}

func TestSharesAreTaken(t *testing.T) {
	dir := folders(t, "src", "src/deep", "with, comma", "odd:ro")
	base := app.DefaultSettings(host())
	for value, want := range map[string][]string{
		"":                                     nil,
		dir + "/src":                           {dir + "/src"},
		dir + "/src/":                          {dir + "/src"},
		dir + "/src/../src:ro":                 {dir + "/src:ro"},
		dir + "/src:rw":                        {dir + "/src"},
		dir + "/odd:ro:rw":                     {dir + "/odd:ro:rw"},
		dir + `/with\, comma ,` + dir + "/src": {dir + "/with, comma", dir + "/src"},
	} {
		got, err := base.With(map[string]string{"shares": value}, host(), 0)
		if err != nil || !reflect.DeepEqual(got.Shares, want) {
			t.Errorf("%q: %q, %v; want %q", value, got.Shares, err, want)
		}
	}
}

func TestSharesAreRefused(t *testing.T) {
	dir := folders(t, "src", "src/deep")
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	base := app.DefaultSettings(host())
	for _, tt := range []struct{ value, message, hint string }{
		{"src", "not an absolute path", "whole path"},
		{"~/src", "not an absolute path", "whole path"},
		{"/", "the whole of /", "folders that containers need"},
		{dir + "/none", "no folder", "make the folder first"},
		{dir + "/file", "is not a folder", dir},
		{"/usr", "belongs to the system", "of your own"},
		{"/proc/self", "belongs to the system", "of your own"},
		{"/etc", "belongs to the system", "of your own"},
		{dir + "/link", "/etc belongs to the system", "of your own"},
		{dir + "/src," + dir + "/src", "twice", "once"},
		{dir + "/src," + dir + "/src:ro", "twice", "once"},
		{dir + "/src," + dir + "/src/deep", "is shared with", "leave " + dir + "/src/deep out"},
		{dir + "/src/deep," + dir + "/src", "is shared with", "leave " + dir + "/src/deep out"},
		{dir + "/src," + dir + "/src/deep:ro", "different rights", ":ro"},
	} {
		got, err := base.With(map[string]string{"shares": tt.value}, host(), 0)
		info := app.InfoOf(err)
		if info == nil || !strings.Contains(info.Message, tt.message) || !strings.Contains(info.Hint, tt.hint) {
			t.Errorf("%q: %+v, want %q and a hint with %q", tt.value, info, tt.message, tt.hint)
		}
		if !reflect.DeepEqual(got, base) {
			t.Errorf("%q: settings were changed: %+v", tt.value, got)
		}
	}
}

// A folder that is gone can stay in the list, and be taken out of it.
func TestSharesThatAreGone(t *testing.T) {
	dir := folders(t, "disk", "src")
	base, err := app.DefaultSettings(host()).With(map[string]string{"shares": dir + "/disk"}, host(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/disk"); err != nil {
		t.Fatal(err)
	}
	both, err := base.With(map[string]string{"shares": base.AddShare(app.Share{Path: dir + "/src"})}, host(), 0)
	if want := []string{dir + "/disk", dir + "/src"}; err != nil || !reflect.DeepEqual(both.Shares, want) {
		t.Fatalf("%q, %v", both.Shares, err)
	}
	if err := both.Check(host(), 0); err != nil {
		t.Errorf("a start would fail: %v", err)
	}
	value, ok := both.RemoveShare(dir + "/disk/")
	if !ok || value != dir+"/src" {
		t.Errorf("left %q, %v", value, ok)
	}
	if _, ok := both.RemoveShare(dir); ok {
		t.Error("what is not shared was removed")
	}
}

func TestAddShare(t *testing.T) {
	s := app.Settings{Shares: []string{"/a/b", "/a/c:ro", "/d"}}
	for add, want := range map[app.Share]string{
		{Path: "/e"}:                 "/a/b,/a/c:ro,/d,/e",
		{Path: "/a/b"}:               "/a/c:ro,/d,/a/b",
		{Path: "/d", ReadOnly: true}: "/a/b,/a/c:ro,/d:ro",
		{Path: "/a"}:                 "/a/c:ro,/d,/a",
	} {
		if got := s.AddShare(add); got != want {
			t.Errorf("%v: %q, want %q", add, got, want)
		}
	}
}
