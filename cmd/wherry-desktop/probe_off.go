//go:build !e2e

package main

import "github.com/wherry-app/wherry/ui"

// extras are what only builds for tests add.
func extras(*ui.Window, func(func())) {}
