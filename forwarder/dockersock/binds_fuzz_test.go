package dockersock

import (
	"context"
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzBinds: whatever a client asks for, dockerd gets no bind that leads elsewhere than to a shared folder, to docker's
// socket or to what is the guest's own; and a body without such binds arrives as it was.
func FuzzBinds(f *testing.F) {
	dir := hostTree(f, "me/src/file", "secret/file")
	link(f, "../secret", filepath.Join(dir, "me/out"))
	for _, s := range []string{
		`{"HostConfig":{"Binds":["DIR/me/src:/x","v:/y","/var/run/docker.sock:/s"],"Mounts":[{"Type":"bind","Source":"DIR/me/out","BindOptions":{"CreateMountpoint":false}}]}}`,
		`{"HostConfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"o":"bind","device":"DIR/secret"}}}}]}}`,
		`{"DriverOpts":{"o":"bind","device":"DIR/me/../secret"}}`,
		`{"TaskTemplate":{"ContainerSpec":{"Mounts":[{"Type":"bind","Source":"DIR/me/src"}]}},"HOSTCONFIG":{"binds":["C:\\x:/y"]}}`,
	} {
		f.Add([]byte(strings.ReplaceAll(s, "DIR", dir)))
	}
	b := sharing(Folder{Host: filepath.Join(dir, "me"), Guest: "/g/me", ReadOnly: true}) // so that nothing is made
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, edit := range map[string]Edit{"container": b.Create, "service": b.Service, "volume": b.Volume} {
			now, err := edit(context.Background(), slices.Clone(body))
			if err != nil {
				continue
			}
			if json.Valid(body) != json.Valid(now) {
				t.Fatalf("%s: %q became %q", name, body, now)
			}
			for _, source := range asked(name, now) {
				clean := path.Clean(source)
				if source != b.GuestSocket && !slices.ContainsFunc([]string{"/g/me", "/proc", "/lib/modules"}, func(d string) bool { return clean == d || strings.HasPrefix(clean, d+"/") }) {
					t.Errorf("%s: %s lets %q pass", name, body, source)
				}
			}
		}
	})
}

// asked are the sources that dockerd reads in a body.
func asked(kind string, body []byte) (sources []string) {
	type mount struct {
		Type, Source  string
		VolumeOptions *struct {
			DriverConfig *struct {
				Name    string
				Options map[string]string
			}
		}
	}
	mounts := func(list []mount) {
		for _, m := range list {
			if m.Type == "bind" && m.Source != "" {
				sources = append(sources, m.Source)
			}
			if v := m.VolumeOptions; m.Type == "volume" && v != nil && v.DriverConfig != nil && bindsDevice(v.DriverConfig.Options) && (v.DriverConfig.Name == "" || v.DriverConfig.Name == "local") {
				sources = append(sources, v.DriverConfig.Options["device"])
			}
		}
	}
	switch kind {
	case "container":
		var c struct {
			HostConfig *struct {
				Binds  []string
				Mounts []mount
			}
		}
		if json.Unmarshal(body, &c) != nil || c.HostConfig == nil {
			return nil
		}
		for _, bind := range c.HostConfig.Binds {
			if source, _, ok := strings.Cut(bind, ":"); ok && strings.HasPrefix(source, "/") {
				sources = append(sources, source)
			}
		}
		mounts(c.HostConfig.Mounts)
	case "service":
		var s struct {
			TaskTemplate struct{ ContainerSpec *struct{ Mounts []mount } }
		}
		if json.Unmarshal(body, &s) == nil && s.TaskTemplate.ContainerSpec != nil {
			mounts(s.TaskTemplate.ContainerSpec.Mounts)
		}
	case "volume":
		var v struct {
			Driver     string
			DriverOpts map[string]string
		}
		if json.Unmarshal(body, &v) == nil && bindsDevice(v.DriverOpts) && (v.Driver == "" || v.Driver == "local") {
			sources = append(sources, v.DriverOpts["device"])
		}
	}
	return sources
}
