package dockersock

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func TestBinds(t *testing.T) {
	b := Binds{Sockets: []string{"/var/run/docker.sock", "/run/docker.sock", `//./pipe/docker`}, GuestSocket: "/run/docker.sock"}
	for _, test := range []struct{ name, in, out, refused string }{
		{name: "nothing", in: `{"Image":"x"}`, out: `{"Image":"x"}`},
		{name: "null", in: `{"HostConfig":null}`, out: `{"HostConfig":null}`},
		{name: "no object", in: `[1]`, out: `[1]`},
		{name: "broken", in: `{"HostConfig":{"Binds":["/etc:/x"]`, out: `{"HostConfig":{"Binds":["/etc:/x"]`},
		{name: "volumes", in: `{"HostConfig":{"Binds":["v:/x","/x"],"Mounts":[{"Type":"volume","Source":"v"}]}}`, out: `{"HostConfig":{"Binds":["v:/x","/x"],"Mounts":[{"Type":"volume","Source":"v"}]}}`},
		{name: "folder", in: `{"HostConfig":{"Binds":["v:/x","/etc:/x:ro"]}}`, refused: "/etc"},
		{name: "drive", in: `{"HostConfig":{"Binds":["C:\\Users\\me:/x"]}}`, refused: `C:\Users\me`},
		{name: "keys in any case", in: `{"hostconfig":{"binds":["/etc:/x"]}}`, refused: "/etc"},
		{name: "mount", in: `{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/srv","Target":"/x"}]}}`, refused: "/srv"},
		{name: "socket beside a folder", in: `{"HostConfig":{"Binds":["/var/run/docker.sock:/s","/etc:/x"]}}`, refused: "/etc"},
		{name: "guest's socket", in: `{"HostConfig":{"Binds":["/run/docker.sock:/s"]}}`, out: `{"HostConfig":{"Binds":["/run/docker.sock:/s"]}}`},
		{
			name: "sockets", in: `{"Image":"x","hostConfig":{"Memory":12345678901234567890,"Binds":["/var/run/docker.sock:/s:ro","v:/x"],"Mounts":[{"Type":"bind","Source":"/var/run/docker.sock","Target":"/s","ReadOnly":true}]}}`,
			out: `{"Image":"x","hostConfig":{"Memory":12345678901234567890,"Binds":["/run/docker.sock:/s:ro","v:/x"],"Mounts":[{"Type":"bind","Source":"/run/docker.sock","Target":"/s","ReadOnly":true}]}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := b.Create(t.Context(), []byte(test.in))
			var refused *BindError
			if errors.As(err, &refused) != (test.refused != "") || refused != nil && refused.Path != test.refused {
				t.Fatalf("error = %v; want a refusal of %q", err, test.refused)
			}
			if err == nil && !sameJSON(string(got), test.out) {
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
