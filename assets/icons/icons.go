package icons

import "embed"

// Files are the icons, as name.svg.
//
//go:embed *.svg
var Files embed.FS
