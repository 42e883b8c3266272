package dockersock

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Binds decides about folders and files of the host that containers are to see.
type Binds struct {
	// Sockets are the paths under which the host's programs know docker's socket; a bind of one becomes a bind of
	// GuestSocket, dockerd's own.
	Sockets     []string
	GuestSocket string
}

// A BindError refuses the bind of a path of the host.
type BindError struct{ Path string }

func (e *BindError) Error() string {
	return fmt.Sprintf("cannot bind %q: sharing folders of this computer with containers is not there yet; "+
		"use a volume (-v NAME:/path), or copy the files with `docker cp`", e.Path)
}

// StatusCode is what docker answers to a request that cannot be done as it is.
func (e *BindError) StatusCode() int { return http.StatusBadRequest }

// mount is what matters of a mount in a request.
type mount struct{ Type, Source string }

// Create is a Config's: it refuses binds of the host's paths with a *BindError. What it does not understand is dockerd's to
// refuse.
func (b Binds) Create(_ context.Context, body []byte) ([]byte, error) {
	var asked struct {
		HostConfig struct {
			Binds  []string
			Mounts []mount
		}
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return body, nil //nolint:nilerr // dockerd says it better
	}
	change := false
	for _, bind := range asked.HostConfig.Binds {
		source, _, ok := cutSource(bind)
		if !ok {
			continue
		}
		if !slices.Contains(b.Sockets, source) {
			return nil, &BindError{source}
		}
		change = change || source != b.GuestSocket
	}
	for _, m := range asked.HostConfig.Mounts {
		if m.Type != "bind" {
			continue
		}
		if !slices.Contains(b.Sockets, m.Source) {
			return nil, &BindError{m.Source}
		}
		change = change || m.Source != b.GuestSocket
	}
	if !change {
		return body, nil
	}
	return b.rewrite(body)
}

// cutSource splits a bind at the end of its source; ok is false for one whose source is a volume's name.
func cutSource(bind string) (source, rest string, ok bool) {
	from := 0
	if len(bind) > 2 && bind[1] == ':' && (bind[2] == '\\' || bind[2] == '/') && bind[0]|0x20 >= 'a' && bind[0]|0x20 <= 'z' {
		from = 2 // a drive of Windows
	} else if !strings.HasPrefix(bind, "/") {
		return "", "", false
	}
	i := strings.IndexByte(bind[from:], ':')
	if i < 0 {
		return "", "", false // no source, only a place in the container
	}
	return bind[:from+i], bind[from+i:], true
}

// rewrite makes all binds in a request, which are those of the socket, lead to the guest's. All else stays.
func (b Binds) rewrite(body []byte) ([]byte, error) {
	return edit(body, "HostConfig", func(host json.RawMessage) (json.RawMessage, error) {
		host, err := edit(host, "Binds", b.rewriteBinds)
		if err != nil {
			return nil, err
		}
		return edit(host, "Mounts", b.rewriteMounts)
	})
}

func (b Binds) rewriteBinds(raw json.RawMessage) (json.RawMessage, error) {
	var binds []string
	if err := json.Unmarshal(raw, &binds); err != nil {
		return nil, err
	}
	for i, bind := range binds {
		if _, rest, ok := cutSource(bind); ok {
			binds[i] = b.GuestSocket + rest
		}
	}
	return json.Marshal(binds)
}

func (b Binds) rewriteMounts(raw json.RawMessage) (json.RawMessage, error) {
	var mounts []json.RawMessage
	if err := json.Unmarshal(raw, &mounts); err != nil {
		return nil, err
	}
	for i, raw := range mounts {
		var m mount
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
		if m.Type != "bind" {
			continue
		}
		var err error
		mounts[i], err = edit(raw, "Source", func(json.RawMessage) (json.RawMessage, error) { return json.Marshal(b.GuestSocket) })
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(mounts)
}

// edit changes the values of a key in a JSON object, written in any case, as dockerd reads it. An object without it stays.
func edit(object json.RawMessage, key string, change func(json.RawMessage) (json.RawMessage, error)) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	for name, value := range fields {
		if !strings.EqualFold(name, key) || string(value) == "null" {
			continue
		}
		changed, err := change(value)
		if err != nil {
			return nil, err
		}
		fields[name] = changed
	}
	return json.Marshal(fields)
}
