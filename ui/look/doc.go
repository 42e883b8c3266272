// Package look is how the app looks: its theme in light and dark, its one accent colour, the 8-point grid, and its
// icons in the theme's colours.
//
// It knows nothing of what is shown. All of it is for the UI goroutine.
package look
