package app

import "os"

// exampleFolder is a folder as users have it.
const exampleFolder = `C:\Users\me\src`

// systemFolders cannot be shared, nor what is in them: they are the system's, and containers have their own.
func systemFolders() []string {
	var list []string
	for _, name := range []string{"SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData"} {
		if dir := os.Getenv(name); dir != "" {
			list = append(list, dir)
		}
	}
	return list
}

// userFolders are what of those is the user's nevertheless.
func userFolders() []string { return nil }
