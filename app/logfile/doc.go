// Package logfile writes bounded log files and follows them. A Writer may be used concurrently; a file may be followed
// while another process writes it.
package logfile
