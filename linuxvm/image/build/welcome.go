package build

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"

	"github.com/wherry-app/wherry/assets/welcome"
)

// welcomeArchive is the welcome container's root filesystem: one file.
func welcomeArchive(program []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: welcome.Program[1:], Mode: 0o755, Size: int64(len(program)), ModTime: time.Unix(0, 0)})
	if err == nil {
		_, err = w.Write(program)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("make welcome archive: %w", err)
	}
	return b.Bytes(), nil
}
