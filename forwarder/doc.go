// Package forwarder is everything that crosses between the host and containers: the docker socket
// (forwarder/dockersock), published ports (forwarder/ports), the guest's way out (forwarder/outbound), and the careful
// copying between two streams that they share (forwarder/pipe).
//
// It knows neither operating systems nor hypervisors: it is given listeners, dialers and streams.
package forwarder
