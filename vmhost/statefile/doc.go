// Package statefile is the file in which a driver keeps a suspended machine: a header, which says what the state belongs
// to, and the state, a stream of bytes whose meaning is the hypervisor's. Such a file is there as a whole or not at all
// (Writer), and what was cut short or changed is noticed before a byte of it is handed out (Reader).
//
// It knows no hypervisor. A Writer and a Reader are for one goroutine each.
package statefile
