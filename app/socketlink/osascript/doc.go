// Package osascript says how macOS is asked to run a script as administrator. It is a pure function, so that it is tested
// on every system.
package osascript
