//go:build unix

package home

import "path/filepath"

func socketAddress(root, name string) string { return filepath.Join(root, name+".sock") }

func hostURL(address string) string { return "unix://" + address }
