package kmod

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Load loads one module with its parameters (as on a modprobe line); one that is there already is no error.
func Load(path, params string) error {
	if path == BuiltIn {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), params, 0); err != nil && err != unix.EEXIST {
		return &os.PathError{Op: "load module", Path: path, Err: err}
	}
	return nil
}

// LoadAll loads modules that stand in the order that Order gives, as parallel as their needs allow. It goes on after
// an error and returns all errors joined.
func LoadAll(modules []Module) error {
	loaded := make(map[string]<-chan struct{}, len(modules))
	errs := make([]error, len(modules))
	var wg sync.WaitGroup
	for i, m := range modules {
		var needs []<-chan struct{}
		for _, d := range m.Deps {
			if c, ok := loaded[d]; ok {
				needs = append(needs, c)
			}
		}
		done := make(chan struct{})
		loaded[m.Name] = done
		wg.Go(func() {
			defer close(done)
			for _, c := range needs {
				<-c
			}
			errs[i] = Load(m.Path, "")
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
