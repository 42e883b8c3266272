package app

import (
	"strings"
	"time"
)

// On and Off are how switches and durations are written.
const (
	On  = "on"
	Off = "off"
)

// switchKey completes a KindSwitch.
func switchKey(k Key, field func(*Settings) *bool) Key {
	k.Kind = KindSwitch
	k.get = func(s Settings) string {
		if *field(&s) {
			return On
		}
		return Off
	}
	k.set = func(s *Settings, v string) error {
		switch strings.ToLower(v) {
		case On, "true", "yes", "1":
			*field(s) = true
		case Off, "false", "no", "0":
			*field(s) = false
		default:
			return Errorf("write on or off", "%q is neither on nor off", v)
		}
		return nil
	}
	return k
}

// durationKey completes a KindDuration; off is 0.
func durationKey(k Key, field func(*Settings) *time.Duration) Key {
	k.Kind = KindDuration
	k.get = func(s Settings) string {
		if *field(&s) == 0 {
			return Off
		}
		return field(&s).String()
	}
	k.set = func(s *Settings, v string) error {
		if strings.EqualFold(v, Off) || v == "0" {
			*field(s) = 0
			return nil
		}
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			return Errorf("write it like 15m or 1h30m, or off", "%q is not a duration", v)
		}
		*field(s) = d
		return nil
	}
	return k
}

// textKey completes a KindText or KindChoice; what is wrong with a value is for Settings.Check to say.
func textKey(k Key, field func(*Settings) *string) Key {
	if k.Kind == "" {
		k.Kind = KindText
	}
	k.get = func(s Settings) string { return *field(&s) }
	k.set = func(s *Settings, v string) error { *field(s) = v; return nil }
	return k
}

// listKey completes a KindList: values with commas between them, without empty ones. A comma in a value is written \,.
func listKey(k Key, field func(*Settings) *[]string) Key {
	k.Kind = KindList
	k.get = func(s Settings) string { return JoinList(*field(&s)) }
	k.set = func(s *Settings, v string) error { *field(s) = SplitList(v); return nil }
	return k
}

// JoinList writes a list so that SplitList reads the same one.
func JoinList(list []string) string {
	quoted := make([]string, len(list))
	for i, v := range list {
		quoted[i] = strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(v)
	}
	return strings.Join(quoted, ",")
}

// SplitList reads a list: values with commas between them, spaces around them dropped, empty ones left out. A backslash in
// front of a comma or of a backslash takes it as it is.
func SplitList(v string) []string {
	var list []string
	var now strings.Builder
	end := func() {
		if s := strings.TrimSpace(now.String()); s != "" {
			list = append(list, s)
		}
		now.Reset()
	}
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+1 < len(v) && (v[i+1] == ',' || v[i+1] == '\\'):
			i++
			now.WriteByte(v[i])
		case v[i] == ',':
			end()
		default:
			now.WriteByte(v[i])
		}
	}
	end()
	return list
}
