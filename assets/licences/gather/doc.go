// Command gather writes the licences of all Go modules in Wherry's programs to the file named by its argument. It asks
// `go list` for the modules, on each system that Wherry is built for.
package main
