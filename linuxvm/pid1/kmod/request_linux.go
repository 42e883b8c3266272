package kmod

import (
	"errors"
	"os"
)

// Do does what was asked for, with the index at IndexPath. It tries all names and returns their errors joined.
func (r Request) Do() error {
	if r.Idle {
		return nil
	}
	text, err := os.ReadFile(IndexPath)
	if err != nil {
		return err
	}
	index := Parse(string(text))
	var errs []error
	for _, name := range r.Names {
		errs = append(errs, r.load(index, name))
	}
	return errors.Join(errs...)
}

func (r Request) load(index *Index, name string) error {
	order, err := index.Order(name)
	if err != nil {
		return err
	}
	for i, m := range order {
		params := ""
		if i == len(order)-1 {
			params = r.Params
		}
		if err := Load(m.Path, params); err != nil {
			return err
		}
	}
	return nil
}
