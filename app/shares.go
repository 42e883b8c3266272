package app

import (
	"path/filepath"
	"slices"
	"strings"
)

// ShareWherry is the way in which folders are shared: Wherry's own filesystem over the link, which works on every host and
// survives a suspend.
const ShareWherry = "wherry"

// A Share is a folder of this computer that containers may see.
type Share struct {
	// Path is absolute and clean, in the form of this computer's system.
	Path string
	// ReadOnly shares refuse every change from a container.
	ReadOnly bool
}

// The endings of an entry in Settings.Shares.
const (
	endReadOnly  = ":ro"
	endReadWrite = ":rw"
)

// ParseShare reads an entry of Settings.Shares: PATH or PATH:ro, or PATH:rw, which says what PATH does. It does not look
// at the disk.
func ParseShare(entry string) Share {
	path, readOnly := strings.CutSuffix(entry, endReadOnly)
	if !readOnly {
		path = strings.TrimSuffix(entry, endReadWrite)
	}
	return Share{Path: filepath.Clean(path), ReadOnly: readOnly}
}

// String is the entry that ParseShare reads back.
func (s Share) String() string {
	switch {
	case s.ReadOnly:
		return s.Path + endReadOnly
	case strings.HasSuffix(s.Path, endReadOnly), strings.HasSuffix(s.Path, endReadWrite):
		return s.Path + endReadWrite
	}
	return s.Path
}

// Covers tells whether a path is the shared folder or something in it, by its name alone: links are not followed.
func (s Share) Covers(path string) bool { return within(path, s.Path) }

// within tells whether a clean path is dir or beneath it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// ShareList is Settings.Shares, read.
func (s Settings) ShareList() []Share {
	list := make([]Share, 0, len(s.Shares))
	for _, entry := range s.Shares {
		list = append(list, ParseShare(entry))
	}
	return list
}

// AddShare returns the value of the setting "shares" with one more folder, or with another mode for one that is there.
// Folders in it that are shared in the same mode need no entry of their own any more.
func (s Settings) AddShare(add Share) string {
	list := slices.DeleteFunc(s.ShareList(), func(have Share) bool {
		return have.Path == add.Path || have.ReadOnly == add.ReadOnly && add.Covers(have.Path)
	})
	return joinShares(append(list, add))
}

// RemoveShare returns the value of the setting "shares" without a folder; false if it is not one of them.
func (s Settings) RemoveShare(path string) (string, bool) {
	list := s.ShareList()
	left := slices.DeleteFunc(slices.Clone(list), func(have Share) bool { return have.Path == filepath.Clean(path) })
	return joinShares(left), len(left) < len(list)
}

func joinShares(list []Share) string {
	entries := make([]string, len(list))
	for i, s := range list {
		entries[i] = s.String()
	}
	return JoinList(entries)
}

// ShareState is how a shared folder is in a running engine.
type ShareState struct {
	// Path is the folder on this computer, GuestPath where the guest has it.
	Path      string `json:"path"`
	GuestPath string `json:"guest_path"`
	ReadOnly  bool   `json:"read_only,omitempty"`
	// Driver is how it is shared: ShareWherry; empty while it is not.
	Driver string `json:"driver,omitempty"`
	// Ready says that containers can use it now.
	Ready bool `json:"ready"`
	// Error and Hint are set when it cannot be used.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}
