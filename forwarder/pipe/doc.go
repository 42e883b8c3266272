// Package pipe joins two stream connections, so that each end sees what it would see were it connected to the other: the
// bytes in order, the end of one direction while the other goes on, and a reset as a reset.
//
// It owns the copying and the closing of both connections, not how they came to be. Join may be called from any number
// of goroutines, each with connections of its own.
package pipe
