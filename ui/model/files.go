package model

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// File is an entry of a folder in a container.
type File struct {
	Name    string
	Dir     bool
	Link    string // what a symbolic link points at
	Size    int64
	Mode    string // like drwxr-xr-x
	Changed time.Time
}

// ParseListing reads the output of `stat -c "%f %s %Y %N"`-like lines as dock writes them: mode in hex, size, seconds,
// name, and for links the target, parted by tabs. Folders come first, then names in order.
func ParseListing(out string) []File {
	var files []File
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 4 {
			continue
		}
		mode, err := strconv.ParseUint(f[0], 16, 32)
		name := path.Base(f[3])
		if err != nil || name == "." || name == ".." || strings.HasSuffix(f[3], "/*") || strings.HasSuffix(f[3], "/.[!.]*") {
			continue
		}
		file := File{Name: name, Dir: mode&0o170000 == 0o040000, Mode: modeText(uint32(mode))}
		file.Size, _ = strconv.ParseInt(f[1], 10, 64)
		if sec, err := strconv.ParseInt(f[2], 10, 64); err == nil {
			file.Changed = time.Unix(sec, 0)
		}
		if len(f) > 4 {
			file.Link = f[4]
		}
		files = append(files, file)
	}
	SortFiles(files)
	return files
}

// SortFiles puts folders first, and names in order.
func SortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(-compareBool(a.Dir, b.Dir), strings.Compare(a.Name, b.Name))
	})
}

func modeText(m uint32) string {
	kind := map[uint32]string{0o040000: "d", 0o120000: "l", 0o060000: "b", 0o020000: "c", 0o010000: "p", 0o140000: "s"}[m&0o170000]
	if kind == "" {
		kind = "-"
	}
	const bits = "rwxrwxrwx"
	b := []byte(kind)
	for i := range 9 {
		c := byte('-')
		if m&(1<<(8-i)) != 0 {
			c = bits[i]
		}
		b = append(b, c)
	}
	return string(b)
}
