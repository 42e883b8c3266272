// Package welcome runs the welcome container: a small web server that comes with Wherry, so that a newcomer sees a
// container answer in the browser without a registry. It speaks Docker's own API; there is nothing of the engine in it.
package welcome
