package main

import (
	"os"
	"path/filepath"

	"github.com/wherry-app/wherry/app/home"
)

// imageEnv names a folder with a guest image, for those who build their own.
const imageEnv = "WHERRY_GUEST"

// imageDirs are the folders where a guest image may be, in the order they are looked at.
func imageDirs(h home.Dir, arch string) []string {
	if v := os.Getenv(imageEnv); v != "" {
		return []string{v}
	}
	name := "guest-" + arch
	dirs := []string{h.Guest(arch)}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		root := filepath.Dir(filepath.Dir(self))
		dirs = append(dirs, filepath.Join(root, "share", "wherry", name), filepath.Join(root, "dist", name))
	}
	return dirs
}
