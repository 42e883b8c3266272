package app

// exampleFolder is a folder as users have it.
const exampleFolder = "/Users/me/src"

// systemFolders cannot be shared, nor what is in them: they are the system's, and containers have their own.
func systemFolders() []string {
	return []string{
		"/System", "/Library", "/Applications", "/bin", "/sbin", "/usr", "/dev", "/etc", "/cores",
		"/private/etc", "/private/var/db", "/private/var/run", "/private/var/log", "/private/var/vm",
	}
}

// userFolders are what of those is the user's nevertheless.
func userFolders() []string { return nil }
