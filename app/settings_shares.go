package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func sharingKeys() []Key {
	shares := listKey(Key{
		Name: "shares", Group: GroupSharing, Title: "Folders", Live: true,
		Help: "folders of this computer that containers may bind, with commas between them; PATH:ro for reading only",
	}, func(s *Settings) *[]string { return &s.Shares })
	shares.set = setShares
	return []Key{shares}
}

// setShares takes a new list of folders. Those that were not in the old one have to be there; the others may be on a disk
// that is not plugged in now.
func setShares(s *Settings, v string) error {
	old := s.ShareList()
	var entries []string
	for _, entry := range SplitList(v) {
		share := ParseShare(entry)
		known := slices.ContainsFunc(old, func(o Share) bool { return o.Path == share.Path })
		if !known {
			if err := checkFolder(strings.TrimSuffix(strings.TrimSuffix(entry, endReadOnly), endReadWrite)); err != nil {
				return err
			}
		}
		entries = append(entries, share.String())
	}
	s.Shares = entries
	return nil
}

// checkFolder says why a path cannot be shared, by what is on the disk. A way to a folder that leads over links is
// judged by where it ends, too.
func checkFolder(path string) error {
	if !filepath.IsAbs(path) {
		return Errorf("write the folder's whole path, for example "+exampleFolder, "%q is not an absolute path", path)
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Errorf("make the folder first, or see to its name", "there is no folder %s", path)
	case err != nil:
		return Errorf("see to the folder's permissions", "cannot look at the folder: %w", err)
	case !st.IsDir():
		return Errorf("share the folder it is in: "+filepath.Dir(path), "%s is not a folder", path)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Errorf("see to the folder's permissions", "cannot look at the folder: %w", err)
	}
	return checkSharable(real)
}

// checkSharable says why a path cannot be shared, by its name.
func checkSharable(path string) error {
	if !filepath.IsAbs(path) {
		return Errorf("write the folder's whole path, for example "+exampleFolder, "%q is not an absolute path", path)
	}
	if filepath.Dir(path) == path {
		return Errorf("share the folders that containers need, for example "+exampleFolder, "the whole of %s cannot be shared", path)
	}
	if volume := filepath.VolumeName(path); len(volume) > len("C:") {
		return Errorf("give it a drive's letter, and share that path", "%s is not on a drive", path)
	}
	for _, dir := range systemFolders() {
		if within(path, dir) && !slices.ContainsFunc(userFolders(), func(own string) bool { return within(path, own) }) {
			return Errorf("share a folder of your own, or copy what containers need into one", "%s belongs to the system and cannot be shared", path)
		}
	}
	return nil
}

// checkShares says what is wrong with the folders to share, by their names.
func (s Settings) checkShares() error {
	list := s.ShareList()
	for i, share := range list {
		if err := checkSharable(share.Path); err != nil {
			return err
		}
		for _, other := range list[:i] {
			inner, outer := share, other
			if !outer.Covers(inner.Path) {
				inner, outer = other, share
			}
			switch {
			case share.Path == other.Path:
				return Errorf("name it once", "the folder %s is in the list twice", share.Path)
			case outer.Covers(inner.Path) && inner.ReadOnly == outer.ReadOnly:
				return Errorf(fmt.Sprintf("leave %s out", inner.Path), "the folder %s is shared with %s already", inner.Path, outer.Path)
			case outer.Covers(inner.Path):
				return Errorf("leave one of them out; for a container that may only read, bind it with :ro",
					"the folders %s and %s lie in each other, with different rights", outer.Path, inner.Path)
			}
		}
	}
	return nil
}

// defaultShares are the user's home folder, where that is one that can be shared.
func defaultShares(home string) []string {
	if home == "" || checkSharable(filepath.Clean(home)) != nil {
		return nil
	}
	return []string{Share{Path: filepath.Clean(home)}.String()}
}
