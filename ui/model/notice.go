package model

import "github.com/wherry-app/wherry/app"

// Notice is a message for the desktop.
type Notice struct{ Title, Body string }

// NoticeOf says what is worth a notification when one state follows another; ok is false if nothing is. asked says that
// the change was wished for in this window, which needs no telling.
func NoticeOf(before, after State, asked bool) (n Notice, ok bool) {
	from, to := before.Engine.State, after.Engine.State
	if from == to || from == "" {
		return n, false
	}
	switch {
	case to == app.StateFailed:
		f := failureOf(after.Engine)
		return Notice{"The engine failed", f.Message}, true
	case to == app.StateRunning && from != app.StateSuspended:
		return Notice{"The engine is running", "Containers can be used now."}, true
	case to == app.StateStopped && !asked:
		return Notice{"The engine stopped", "Containers are not running any more."}, true
	}
	return n, false
}
