package app

import "slices"

// NetworkSettings are what the user can decide of the network.
type NetworkSettings struct {
	// Bind is where a port that is published on no address answers: BindLoopback or BindAll.
	Bind string `json:"bind"`
}

// The values of NetworkSettings.Bind.
const (
	// BindLoopback makes ports answer on this computer only.
	BindLoopback = "loopback"
	// BindAll makes them answer on all of its interfaces, so that others on its networks reach them.
	BindAll = "all"
)

func defaultNetwork() NetworkSettings { return NetworkSettings{Bind: BindLoopback} }

func networkKeys() []Key {
	return []Key{
		textKey(Key{
			Name: "bind", Kind: KindChoice, Group: GroupNetwork, Title: "Published ports", Choices: []string{BindLoopback, BindAll}, Live: true,
			Help: "where `-p 8080:80` answers: loopback (this computer) or all (also others on its networks)",
		}, func(s *Settings) *string { return &s.Bind }),
	}
}

// check says what is wrong with the settings, if anything.
func (n NetworkSettings) check() error {
	if choices := []string{BindLoopback, BindAll}; !slices.Contains(choices, n.Bind) {
		return Errorf("use loopback or all", "ports cannot be bound to %q", n.Bind)
	}
	return nil
}
