package model

import "github.com/wherry-app/wherry/app"

// ShareNote says how a folder of the settings is in the running engine; nothing while it does not run.
func ShareNote(s State, share app.Share) (string, Tone) {
	if s.Engine.State != app.StateRunning {
		return "", Neutral
	}
	for _, st := range s.Engine.Shares {
		if st.Path != share.Path {
			continue
		}
		switch {
		case st.Error != "" && st.Hint != "":
			return st.Error + ": " + st.Hint, Bad
		case st.Error != "":
			return st.Error, Bad
		case !st.Ready:
			return "being shared…", Neutral
		case st.ReadOnly != share.ReadOnly:
			return "shared, with other rights until this is applied", Neutral
		case st.GuestPath != "" && st.GuestPath != st.Path:
			return "shared as " + st.GuestPath, Good
		}
		return "shared", Good
	}
	return "not shared yet", Neutral
}
