package image

// Format is the version of the manifest that this package reads and writes.
const Format = 1

// ManifestName is the manifest's file name in an image's folder.
const ManifestName = "manifest.json"

// The artifacts of an image, which are also their file names.
const (
	Kernel = "kernel"
	Initrd = "initrd"
	Root   = "root.erofs"
	// Welcome is what docker imports as the welcome container's image; a boot does not need it.
	Welcome = "welcome.tar"
)

// ChunkSize is how much of an artifact one digest of Artifact.Chunks covers.
const ChunkSize = 8 << 20

// A Manifest says what an image is made of. Two images with the same manifest are the same.
type Manifest struct {
	Format int `json:"format"`
	// Arch in Go's names.
	Arch string `json:"arch"`
	// Agent is the version of the agent inside.
	Agent string `json:"agent"`
	// KernelRelease is what uname says in the guest.
	KernelRelease string `json:"kernel_release"`
	// Cmdline is what the kernel must be given, beside the console that the hypervisor chooses.
	Cmdline   string     `json:"cmdline"`
	Artifacts []Artifact `json:"artifacts"`
	Packages  []Package  `json:"packages"`
	// Inputs is a digest of all that the build was told; the same inputs need no new build.
	Inputs string `json:"inputs"`
}

// An Artifact is a file of an image.
type Artifact struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	// SHA256 of the whole file, in hex.
	SHA256 string `json:"sha256"`
	// Chunks are the SHA-256 of each ChunkSize of it, in hex, so that it can be checked by several processors at once.
	Chunks []string `json:"chunks"`
}

// A Package is a Debian package of which files are in the image.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Licences are the names in its copyright file, sorted.
	Licences []string `json:"licences"`
}
