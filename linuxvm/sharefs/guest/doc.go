// Package guest is the guest's side of shared folders: FUSE filesystems whose operations a file server on the host carries
// out. A Client is the handler of link.PortFiles; it mounts what the host says is shared. It works on Linux only.
//
// The kernel caches what the host promises to watch, for as long as the host does not say that it has changed. While the
// host is away operations wait for it, up to a limit; then they fail with EIO.
package guest
