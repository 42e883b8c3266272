// Package lab owns the engine under measurement: a Wherry with a state directory of its own, driven through its command
// line and the stock docker command line like a user would, and the facts about the host and its processes. It starts
// nothing that Close does not end. A Lab serves one goroutine at a time.
package lab
