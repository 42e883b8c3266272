//go:build unix

package statefile

import "os"

// syncDir makes changes of names in dir outlive a crash of the host.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
