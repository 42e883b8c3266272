// Package pages has one view per page of the window. A view turns a model.State into widgets and the user's clicks into
// calls of small interfaces; it never waits: work runs beside it through Env.Go and reports back on the UI goroutine.
//
// All of it is for the UI goroutine, but for what is passed to Env.Go.
package pages
