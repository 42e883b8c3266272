package app

// exampleFolder is a folder as users have it.
const exampleFolder = "/home/me/src"

// systemFolders cannot be shared, nor what is in them: they are the system's, and containers have their own.
func systemFolders() []string {
	return []string{
		"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/proc", "/run", "/sbin", "/sys", "/usr",
		"/var/cache", "/var/lib/docker", "/var/lib/containerd", "/var/lib/dpkg", "/var/log", "/var/run", "/var/spool",
	}
}

// userFolders are what of those is the user's nevertheless.
func userFolders() []string { return []string{"/run/media"} }
