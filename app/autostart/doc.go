// Package autostart makes the engine start when its user logs in, and ends that again: a systemd user unit on Linux, a
// launch agent on macOS, a value under the Run key on Windows. What is written is a pure text, tested on every system;
// putting it in its place is in small files of each system. Calls for one state directory must not run at the same time.
package autostart
