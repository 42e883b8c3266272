package twoside

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Tree describes what is in a folder: a line for each name, sorted by name. Owners, and the sizes and links of folders, are
// left out: those depend on who looks and on the disk. A name that goes while it is looked at is an error.
func Tree(dir string) ([]string, error) {
	var lines []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		line, err := describe(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		lines = append(lines, rel+" "+line)
		return nil
	})
	return lines, err
}

func describe(path string) (string, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	what := fmt.Sprintf("%v %d.%09d", st.Mode(), st.ModTime().Unix(), st.ModTime().Nanosecond())
	switch {
	case st.Mode().IsRegular():
		sum, err := digest(path)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s size %d links %d %s", what, st.Size(), st.Sys().(*syscall.Stat_t).Nlink, sum), nil
	case st.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		return fmt.Sprintf("%s to %q", what, to), err
	}
	return what, nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
