// Package kit is the app's set of building blocks: text that shortens itself, cards, badges, meters, charts, notices,
// fields, tabs and the layouts of the 8-point grid.
//
// Its widgets follow the theme when it changes. All of it is for the UI goroutine.
package kit
