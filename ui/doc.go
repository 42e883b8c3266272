// Package ui is the desktop app's window: the rail, the header, the pages, the search, the tray and the notifications,
// and the pump that brings the engine's and docker's news to them.
//
// It sees the engine as app.Service and docker through ui/dock, and keeps none of their state: it survives both going
// away and coming back. Only the pump calls into the UI goroutine; nothing on that goroutine waits.
package ui
