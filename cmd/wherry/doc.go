// Command wherry is the command line of Wherry and, as `wherry daemon`, the engine's process.
//
// This package reads flags, traps signals, prints and exits; what it does is in app and below. The drivers that a build
// has are listed in drivers_*.go.
package main
