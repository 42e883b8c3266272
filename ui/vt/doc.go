// Package vt is a terminal without a window: bytes from a program go in, a screen of cells comes out, and keys become
// the bytes that programs expect.
//
// It speaks what xterm-256color promises and programs use: colours, the alternate screen, scroll regions, line drawing,
// wide characters, bracketed paste, and keeps lines that scroll off. A Screen is not safe for concurrent use: its owner
// writes and reads it on one goroutine.
package vt
