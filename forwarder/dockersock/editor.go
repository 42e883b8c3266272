package dockersock

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

type rawJSON = json.RawMessage

// editor changes the binds in a request's body. What it does not understand it leaves as it is, for dockerd to judge.
type editor struct {
	Binds
	ctx     context.Context //nolint:containedctx // an editor lives within one call
	changed bool
	err     error // the first refusal
}

// edited is a body with its binds changed; the very same bytes if there was nothing to change.
func (b Binds) edited(ctx context.Context, body []byte, change func(*editor, rawJSON) rawJSON) ([]byte, error) {
	if !json.Valid(body) {
		return body, nil // dockerd says it better
	}
	e := &editor{Binds: b, ctx: ctx}
	now := change(e, body)
	switch {
	case e.err != nil:
		return nil, e.err
	case !e.changed:
		return body, nil
	}
	return now, nil
}

// refused notes an error, and tells whether there has been one.
func (e *editor) refused(err error) bool {
	if e.err == nil {
		e.err = err
	}
	return e.err != nil
}

// encode is v as JSON; raw if that cannot be.
func (e *editor) encode(v any, raw rawJSON) rawJSON {
	now, err := json.Marshal(v)
	if e.refused(err) {
		return raw
	}
	return now
}

// key changes the values of a key in an object, written in any case, as dockerd reads it.
func (e *editor) key(object rawJSON, key string, change func(rawJSON) rawJSON) rawJSON {
	var fields map[string]rawJSON
	if json.Unmarshal(object, &fields) != nil || fields == nil {
		return object
	}
	for name, value := range fields {
		if strings.EqualFold(name, key) && string(value) != "null" {
			fields[name] = change(value)
		}
	}
	if !e.changed {
		return object
	}
	return e.encode(fields, object)
}

// set is key for the path of a bind, which becomes where the guest has it.
func (e *editor) set(object rawJSON, key string, m missing) rawJSON {
	return e.key(object, key, func(raw rawJSON) rawJSON {
		var asked string
		if json.Unmarshal(raw, &asked) != nil || asked == "" {
			return raw
		}
		source, err := e.source(e.ctx, asked, m)
		if e.refused(err) || source == asked {
			return raw
		}
		e.changed = true
		return e.encode(source, raw)
	})
}

// binds changes a list of SOURCE:TARGET[:MODE].
func (e *editor) binds(raw rawJSON) rawJSON {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return raw
	}
	for i, bind := range list {
		asked, rest, ok := cutSource(bind)
		if !ok {
			continue
		}
		source, err := e.source(e.ctx, asked, makeMissing)
		if e.refused(err) {
			return raw
		}
		e.changed = e.changed || source != asked
		list[i] = source + rest
	}
	return e.encode(list, raw)
}

// mounts changes a list of mounts.
func (e *editor) mounts(raw rawJSON) rawJSON {
	var list []rawJSON
	if json.Unmarshal(raw, &list) != nil {
		return raw
	}
	for i, raw := range list {
		var m struct {
			Type        string
			BindOptions struct{ CreateMountpoint bool }
		}
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		switch {
		case m.Type == "bind" && m.BindOptions.CreateMountpoint:
			list[i] = e.set(raw, "Source", makeMissing)
		case m.Type == "bind":
			list[i] = e.set(raw, "Source", refuseMissing)
		case m.Type == "volume" || m.Type == "":
			list[i] = e.key(raw, "VolumeOptions", func(raw rawJSON) rawJSON {
				return e.key(raw, "DriverConfig", func(raw rawJSON) rawJSON { return e.volume(raw, "Name", "Options") })
			})
		}
	}
	return e.encode(list, raw)
}

// volume changes the device of a volume that dockerd's own driver mounts as a bind.
func (e *editor) volume(raw rawJSON, driverKey, optionsKey string) rawJSON {
	local := true
	e.key(raw, driverKey, func(raw rawJSON) rawJSON {
		var name string
		local = json.Unmarshal(raw, &name) != nil || name == "" || name == "local"
		return raw
	})
	if !local {
		return raw
	}
	return e.key(raw, optionsKey, func(raw rawJSON) rawJSON {
		var options map[string]string // these keys are compared as they are
		if json.Unmarshal(raw, &options) != nil || !bindsDevice(options) {
			return raw
		}
		source, err := e.source(e.ctx, options["device"], passMissing)
		if e.refused(err) || source == options["device"] {
			return raw
		}
		options["device"], e.changed = source, true
		return e.encode(options, raw)
	})
}

// bindsDevice tells whether a volume's options make mount(8) bind a path.
func bindsDevice(options map[string]string) bool {
	flags := strings.Split(options["o"], ",")
	return (slices.Contains(flags, "bind") || slices.Contains(flags, "rbind")) && options["device"] != ""
}
