// Package licences has the licences of the Go modules that Wherry's programs are made of. They are gathered when the
// programs are built (`make build` runs gather) and embedded; a build that skips that knows the modules' names only.
//
// All functions may be called concurrently.
package licences
