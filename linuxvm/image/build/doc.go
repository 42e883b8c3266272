// Package build makes guest images out of Debian packages, for any architecture on any Linux host.
//
// mmdebstrap unpacks the packages (no program of theirs runs), and the rest is pure: files are picked by lists, kernel
// modules decompressed and put in order, and the kernel, the initrd, the root image and the manifest written. The same
// packages, lists and agent give the same bytes. It needs mmdebstrap, xz, zstd and mkfs.erofs, and no privilege where
// user namespaces are allowed; as root it needs none of those.
//
// The lists (Config.Lists; package assets/guest has them) are: "packages", "files", "links", "applets", "fixed" and "stubs" for the root
// image, "modules" (kept), "modules.initrd", "modules.boot" and "modules.late" (loaded), and the folder "etc".
package build
