// Package fake has an engine without a machine: an app.Service that goes through its states when told to, and a docker
// that answers on a real socket. They are for tests and for working on the window.
package fake
