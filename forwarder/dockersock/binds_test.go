package dockersock

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// hostTree makes folders and files (names without an end slash) in a temporary folder without links on the way to it.
func hostTree(t testing.TB, names ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func link(t testing.TB, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip("this system lets us make no links: ", err)
	}
}

func sharing(folders ...Folder) Binds {
	return Binds{
		Sockets: []string{"/var/run/docker.sock", "/run/docker.sock", `//./pipe/docker`}, GuestSocket: "/run/docker.sock",
		Guest: []string{"/proc", "/lib/modules"}, Folders: func(context.Context) []Folder { return folders },
	}
}

func TestBindsWithNothingShared(t *testing.T) {
	b := sharing()
	for _, test := range []struct{ name, in, out, refused string }{
		{name: "nothing", in: `{"Image":"x"}`},
		{name: "null", in: `{"HostConfig":null}`},
		{name: "no object", in: `[1]`},
		{name: "other types", in: `{"HostConfig":{"Binds":7,"Mounts":[3,{"Type":"bind","Source":[]}]}}`},
		{name: "broken", in: `{"HostConfig":{"Binds":["/etc:/x"]`},
		{name: "odd spaces", in: `{ "HostConfig": {"Binds":["v:/x"],  "Mounts":[]} }`},
		{name: "volumes", in: `{"HostConfig":{"Binds":["v:/x","/x"],"Mounts":[{"Type":"volume","Source":"v"}]}}`},
		{name: "guest's own", in: `{"HostConfig":{"Binds":["/proc:/x","/lib/modules/6.1:/m:ro"]}}`},
		{name: "out of the guest's own", in: `{"HostConfig":{"Binds":["/proc/../etc:/x"]}}`, refused: "/proc/../etc"},
		{name: "folder", in: `{"HostConfig":{"Binds":["v:/x","/etc:/x:ro"]}}`, refused: "/etc"},
		{name: "drive", in: `{"HostConfig":{"Binds":["C:\\Users\\me:/x"]}}`, refused: `C:\Users\me`},
		{name: "keys in any case", in: `{"hostconfig":{"binds":["/etc:/x"]}}`, refused: "/etc"},
		{name: "mount", in: `{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/srv","Target":"/x"}]}}`, refused: "/srv"},
		{name: "socket beside a folder", in: `{"HostConfig":{"Binds":["/var/run/docker.sock:/s","/etc:/x"]}}`, refused: "/etc"},
		{name: "key twice", in: `{"HostConfig":{"Binds":["/etc:/x"],"binds":["v:/x"]}}`, refused: "/etc"},
		{name: "guest's socket", in: `{"HostConfig":{"Binds":["/run/docker.sock:/s"]}}`},
		{
			name: "sockets", in: `{"Image":"x","hostConfig":{"Memory":12345678901234567890,"Binds":["/var/run/docker.sock:/s:ro","v:/x"],"Mounts":[{"Type":"bind","Source":"/var/run/docker.sock","Target":"/s","ReadOnly":true}]}}`,
			out: `{"Image":"x","hostConfig":{"Memory":12345678901234567890,"Binds":["/run/docker.sock:/s:ro","v:/x"],"Mounts":[{"Type":"bind","Source":"/run/docker.sock","Target":"/s","ReadOnly":true}]}}`,
		},
		{
			name: "volume in a mount", in: `{"HostConfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"DriverConfig":{"Options":{"o":"bind","device":"/srv"}}}}]}}`,
			refused: "/srv",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := b.Create(t.Context(), []byte(test.in))
			var refused *BindError
			if errors.As(err, &refused) != (test.refused != "") || refused != nil && refused.Path != test.refused {
				t.Fatalf("error = %v; want a refusal of %q", err, test.refused)
			}
			if test.out == "" && err == nil && string(got) != test.in {
				t.Errorf("got %s; want it as it was", got)
			}
			if test.out != "" && !sameJSON(string(got), test.out) {
				t.Errorf("got %s; want %s", got, test.out)
			}
		})
	}
}

// sameJSON tells whether two texts mean the same, or are the same.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return reflect.DeepEqual(x, y)
}

// bound is what becomes of the source of a -v, or of a --mount.
func bound(t *testing.T, b Binds, kind, source string) (string, error) {
	t.Helper()
	var asked any
	edit, key := b.Create, "HostConfig"
	switch kind {
	case "-v":
		asked = map[string]any{"Binds": []string{source + ":/x:z"}}
	case "--mount":
		asked = map[string]any{"Mounts": []any{map[string]any{"Type": "bind", "Source": source, "Target": "/x"}}}
	case "compose":
		asked = map[string]any{"Mounts": []any{map[string]any{"Type": "bind", "Source": source, "Target": "/x", "BindOptions": map[string]any{"CreateMountpoint": true}}}}
	case "service":
		edit, key = b.Service, "TaskTemplate"
		asked = map[string]any{"ContainerSpec": map[string]any{"Mounts": []any{map[string]any{"Type": "bind", "Source": source, "Target": "/x"}}}}
	case "volume":
		edit, key = b.Volume, "DriverOpts"
		asked = map[string]string{"type": "none", "o": "rw,bind", "device": source}
	}
	body, err := json.Marshal(map[string]any{key: asked})
	if err != nil {
		t.Fatal(err)
	}
	now, err := edit(context.Background(), body)
	if err != nil {
		return "", err
	}
	var got struct {
		HostConfig struct {
			Binds  []string
			Mounts []struct{ Source string }
		}
		TaskTemplate struct {
			ContainerSpec struct{ Mounts []struct{ Source string } }
		}
		DriverOpts map[string]string
	}
	if err := json.Unmarshal(now, &got); err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "-v":
		s, _ := strings.CutSuffix(got.HostConfig.Binds[0], ":/x:z")
		return s, nil
	case "service":
		return got.TaskTemplate.ContainerSpec.Mounts[0].Source, nil
	case "volume":
		return got.DriverOpts["device"], nil
	}
	return got.HostConfig.Mounts[0].Source, nil
}

func kinds() []string { return []string{"-v", "--mount", "compose", "service", "volume"} }

func TestBindsOfSharedFolders(t *testing.T) {
	dir := hostTree(t, "me/src/", "me/src/file", "me/a b:c", "other/in/", "me/sub/ro/")
	link(t, "src", filepath.Join(dir, "me/inside"))
	link(t, filepath.Join(dir, "other/in"), filepath.Join(dir, "me/over"))
	link(t, filepath.Join(dir, "me"), filepath.Join(dir, "linked"))
	link(t, filepath.Join(dir, "me"), filepath.Join(dir, "way"))
	b := sharing(Folder{Host: filepath.Join(dir, "linked"), Guest: "/g/me"}, Folder{Host: filepath.Join(dir, "other"), Guest: "/g/other"})
	for source, want := range map[string]string{
		"me": "/g/me", "me/": "/g/me", "me/src": "/g/me/src", "me/src/file": "/g/me/src/file", "me/src/../sub": "/g/me/sub",
		"me/inside/file": "/g/me/src/file", // by a link in the folder
		"me/over":        "/g/other/in",    // by a link into another one
		"way/src":        "/g/me/src",      // by a link from outside
		"linked/src":     "/g/me/src",      // by the name it is shared under
	} {
		for _, kind := range kinds() {
			if got, err := bound(t, b, kind, dir+"/"+source); err != nil || got != want {
				t.Errorf("%s %s: %q, %v; want %q", kind, source, got, err, want)
			}
		}
	}
	if got, err := bound(t, b, "--mount", dir+"/me/a b:c"); err != nil || got != "/g/me/a b:c" {
		t.Errorf("odd name: %q, %v", got, err)
	}
}

func TestBindsOutOfSharedFolders(t *testing.T) {
	dir := hostTree(t, "me/src/", "secret/file", "mean/")
	link(t, "../secret", filepath.Join(dir, "me/out"))
	link(t, "nowhere", filepath.Join(dir, "me/dangling"))
	b := sharing(Folder{Host: filepath.Join(dir, "me"), Guest: "/g/me"})
	for source, says := range map[string]string{
		"secret":         "wherry share add " + dir + "/secret`",
		"secret/file":    "wherry share add " + dir + "/secret`",
		"me/../secret":   "wherry share add ",
		"mean":           "wherry share add " + dir + "/mean`", // begins as a shared one does
		"me/out":         `a link to "` + dir + `/secret"`,
		"me/out/new":     `a link to "` + dir + `/secret/new"`,
		"me/dangling":    "leads nowhere",
		"me/dangling/in": "leads nowhere",
		"none":           "wherry share add ",
	} {
		for _, kind := range kinds() {
			got, err := bound(t, b, kind, dir+"/"+source)
			var refused *BindError
			if !errors.As(err, &refused) || refused.StatusCode() != 400 || !strings.Contains(err.Error(), says) {
				t.Errorf("%s %s: %q, %v; want a refusal with %q", kind, source, got, err, says)
			}
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "secret/new")); err == nil {
		t.Error("a folder was made outside")
	}
}

func TestBindsOfWhatIsNotThere(t *testing.T) {
	dir := hostTree(t, "me/", "ro/", "off/")
	b := sharing(
		Folder{Host: filepath.Join(dir, "me"), Guest: "/g/me"}, Folder{Host: filepath.Join(dir, "ro"), Guest: "/g/ro", ReadOnly: true},
		Folder{Host: filepath.Join(dir, "off"), Guest: "/g/off", Err: errors.New("the guest does not answer")},
	)
	for _, test := range []struct {
		kind, source, want, says string
		made                     bool
	}{
		{kind: "-v", source: "me/new/deep", want: "/g/me/new/deep", made: true},
		{kind: "compose", source: "me/composed", want: "/g/me/composed", made: true},
		{kind: "--mount", source: "me/none", says: "bind source path does not exist"},
		{kind: "service", source: "me/none", says: "bind source path does not exist"},
		{kind: "volume", source: "me/none", want: "/g/me/none"}, // the volume's mount will fail
		{kind: "-v", source: "ro/new", says: "for reading only"},
		{kind: "-v", source: "off", says: "cannot be used now: the guest does not answer"},
		{kind: "--mount", source: "off", says: "the guest does not answer"},
	} {
		got, err := bound(t, b, test.kind, dir+"/"+test.source)
		if got != test.want || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s %s: %q, %v; want %q, %q", test.kind, test.source, got, err, test.want, test.says)
		}
		if st, err := os.Stat(filepath.Join(dir, test.source)); test.source != "off" && (err == nil && st.IsDir()) != test.made {
			t.Errorf("%s %s: there now: %v, want %v", test.kind, test.source, err == nil, test.made)
		}
	}
}

func TestServicesMounts(t *testing.T) {
	in := `{"TaskTemplate":{"ContainerSpec":{"Mounts":[{"Type":"volume","Source":"v"},{"Type":"bind","Source":"/etc"}]}}}`
	if _, err := sharing().Service(t.Context(), []byte(in)); err == nil || !strings.Contains(err.Error(), `"/etc"`) {
		t.Errorf("error = %v", err)
	}
}

func TestVolumesThatBindNothing(t *testing.T) {
	for _, in := range []string{
		`{"Name":"v"}`, `{"Name":"v","DriverOpts":null}`, `{"DriverOpts":{"type":"tmpfs","o":"size=1m","device":"tmpfs"}}`,
		`{"DriverOpts":{"type":"nfs","o":"addr=10.0.0.1,rw","device":":/srv"}}`, `{"Driver":"other","DriverOpts":{"o":"bind","device":"/srv"}}`,
	} {
		if got, err := sharing().Volume(t.Context(), []byte(in)); err != nil || string(got) != in {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}

func TestGuestPath(t *testing.T) {
	for host, guest := range map[string]string{`C:\Users\me`: "/c/Users/me", `d:/src`: "/d/src", `E:\`: "/e", "/home/me/": "/home/me"} {
		if got := GuestPath(host); got != guest {
			t.Errorf("%s: %q, want %q", host, got, guest)
		}
	}
	for guest, host := range map[string]string{"/c/Users/me": `C:\Users\me`, "//c/Users": `C:\Users`, "/c": `C:\`, "/home/me": "", "c/x": "", "/": ""} {
		if got, ok := hostPath(guest); got != host || ok != (host != "") {
			t.Errorf("%s: %q, %v, want %q", guest, got, ok, host)
		}
	}
	for bind, want := range map[string]string{
		`C:\Users\me:/x:ro`: `C:\Users\me|:/x:ro`, `c:/x:/y`: `c:/x|:/y`, "/a:/b": "/a|:/b", "v:/x": "|", "/x": "|", "": "|", "C:": "|", `C:\x`: "|",
	} {
		if source, rest, _ := cutSource(bind); source+"|"+rest != want {
			t.Errorf("%s: %q %q, want %q", bind, source, rest, want)
		}
	}
}
