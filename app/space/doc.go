// Package space measures disks of the host: what is free where a file lies, and what a sparse file really takes. It holds
// nothing and may be called concurrently.
package space

// Space is the room on a disk in bytes.
type Space struct {
	// Free is what this user may still write.
	Free  int64
	Total int64
}
