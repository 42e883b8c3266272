// Package app is Wherry as its users see it: the engine's states, settings, errors that carry a hint, and the Service
// contract that the CLI and the GUI are written against.
//
// It owns words and values, no behaviour of the VM: the state machine is app/engine, the same Service over a local socket
// is app/api, the state directory is app/home. Everything in it is safe for concurrent use.
package app
