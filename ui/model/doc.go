// Package model is what the desktop app shows, as pure values: the engine's snapshot and docker's lists go in; rows,
// labels, enabled buttons, form errors, search results and the tray's look come out.
//
// It knows neither a GUI toolkit nor docker's client, keeps no goroutines and does no I/O. Its values are safe to share
// once built; History, Logs and Transfer are not safe for concurrent use.
package model
