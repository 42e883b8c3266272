package home

import (
	"os"
	"path/filepath"
)

// ImageEnvVar names a folder with a guest image, for those who build their own.
const ImageEnvVar = "WHERRY_GUEST"

// ImageDir is the folder of the guest image of an architecture that belongs to this program: the one that $WHERRY_GUEST
// names, a downloaded one, or the one that lies beside the program as it was installed or built. ok is false if there is
// none.
func (d Dir) ImageDir(arch string) (dir string, ok bool) {
	if v := os.Getenv(ImageEnvVar); v != "" {
		return v, true
	}
	name := "guest-" + arch
	dirs := []string{d.path(name)}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		root := filepath.Dir(filepath.Dir(self))
		dirs = append(dirs, filepath.Join(root, "share", "wherry", name), filepath.Join(root, "dist", name))
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			return dir, true
		}
	}
	return "", false
}
