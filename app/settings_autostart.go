package app

// Autostart is whether the engine starts when its user logs in.
type Autostart struct {
	Autostart bool `json:"autostart"`
}

func autostartKeys() []Key {
	return []Key{switchKey(Key{
		Name: "autostart", Group: GroupLifecycle, Title: "Start at login", Live: true,
		Help: "start the engine when you log in, and stop it cleanly when you log out",
	}, func(s *Settings) *bool { return &s.Autostart.Autostart })}
}
