package home

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// socketAddress names a pipe: \\.\pipe\wherry_docker for the default directory, with a part of the directory's hash
// behind it for any other, so that two of them never meet.
func socketAddress(root, name string) string {
	pipe := `\\.\pipe\wherry_` + name
	if strings.EqualFold(root, filepath.Join(xdg.DataHome, "wherry")) {
		return pipe
	}
	sum := sha256.Sum256([]byte(strings.ToLower(root)))
	return pipe + "_" + hex.EncodeToString(sum[:4])
}

func hostURL(address string) string { return "npipe://" + strings.ReplaceAll(address, `\`, "/") }
