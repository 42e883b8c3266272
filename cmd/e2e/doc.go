// Package e2e tests Wherry as its users have it: the built programs in bin/, the built guest in dist/, the stock docker
// command line. It has tests only; each has a state directory of its own and leaves nothing running.
//
// Run it with `make test`, or by itself with `go test ./cmd/e2e` after `make build guest`.
package e2e
