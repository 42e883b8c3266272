// Package api carries app.Service over the daemon's local socket: Server in the daemon, Client in the CLI and the GUI.
//
// It is HTTP/1.1 with JSON bodies under /v1. Watch and Logs are streams (one JSON value a line, or raw bytes); Shell
// upgrades its connection to a raw stream. An error is a status code of 400 or above with an app.ErrorInfo as its body.
// Both sides ignore fields they do not know, so that a daemon and a client of different versions understand each other.
package api
