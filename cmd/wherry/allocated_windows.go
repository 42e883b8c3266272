package main

import "io/fs"

// allocated is what a file takes on the disk at most, in bytes.
func allocated(st fs.FileInfo) int64 { return st.Size() }
