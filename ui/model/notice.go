package model

import "github.com/wherry-app/wherry/app"

// Notice is a message for the desktop.
type Notice struct{ Title, Body string }

// NoticeOf says what is worth a notification when one state follows another; ok is false if nothing is. rested is
// the state that the engine was in before it became busy: waking up is not worth a word. asked is the action that was last
// wished for in this window: its quick outcome needs no telling.
func NoticeOf(before, after State, rested app.State, asked string) (n Notice, ok bool) {
	from, to := before.Engine.State, after.Engine.State
	if from == to || from == "" {
		return n, false
	}
	switch {
	case to == app.StateFailed:
		f := failureOf(after.Engine)
		return Notice{"The engine failed", f.Message}, true
	case to == app.StateRunning && rested != app.StateSuspended:
		return Notice{"The engine is running", "Containers can be used now."}, true
	case to == app.StateStopped && asked != ActStop && asked != ActCancel:
		return Notice{"The engine stopped", "Containers are not running any more."}, true
	case to == app.StateSuspended && asked != ActSleep:
		return Notice{"The engine fell asleep", "It wakes up when something connects to it."}, true
	}
	return n, false
}
