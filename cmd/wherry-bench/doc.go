// Command wherry-bench measures what Wherry promises, on the machine it runs on, through bin/wherry and the docker socket
// as a user would: see docs/benchmarks.md. It asserts nothing.
//
//	wherry-bench -o dist/bench.json                 all figures
//	wherry-bench -quick -only 'boot|ports'          some of them, with one run each and less load
//
// The same program, built static, is the load's far end in a container, in the guest and on the host: see guest.go.
package main
