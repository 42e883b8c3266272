// Package dock is the desktop app's hold on docker: it keeps the lists of containers, images, volumes and networks fresh
// from docker's events, reads the figures of the containers that are looked at, and carries actions out.
//
// It owns the connection to the forwarded docker socket and outlives the engine: when the engine stops the lists become
// empty, when it is back they fill again. All methods of Source may be called from several goroutines.
package dock
