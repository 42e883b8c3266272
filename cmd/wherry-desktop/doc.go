// Command wherry-desktop is the desktop app. It needs a display; the engine's own process, wherry, is started when none
// runs and goes on when the window is closed.
package main
