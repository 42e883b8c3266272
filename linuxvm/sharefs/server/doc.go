// Package server is the host's side of shared folders: it serves the requests of the guest's filesystem on streams of
// link.PortFiles, and watches the folders that the guest has looked at.
//
// A file is reached through the handle of the folder it is in, by its one name and without following a link, and such
// handles are opened from the shared folder downwards in the same way: nothing that is renamed or replaced meanwhile leads
// out of the shared folder. Server may be used from any goroutine.
package server
