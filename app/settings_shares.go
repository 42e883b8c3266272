package app

// sharingKeys are the settings of shared folders. An entry of shares is a path of the host, with ":ro" behind it for one
// that containers may only read.
func sharingKeys() []Key {
	return []Key{
		listKey(Key{
			Name: "shares", Group: GroupSharing, Title: "Shared folders", Live: true,
			Help: "folders of this computer that containers can mount, for example /home/me,/srv/data:ro",
		}, func(s *Settings) *[]string { return &s.Shares }),
	}
}

// defaultShares is the user's home folder, if it is known.
func defaultShares(h Host) []string {
	if h.Home == "" {
		return nil
	}
	return []string{h.Home}
}
