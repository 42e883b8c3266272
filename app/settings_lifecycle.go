package app

import "time"

// LifecycleSettings are what the user can decide of when the VM runs.
type LifecycleSettings struct {
	// SleepAfter is how long nobody needs the VM before it is saved and ends; who needs it then wakes it. 0 is never.
	SleepAfter time.Duration `json:"sleep_after"`
	// SleepIdleContainers counts containers that use no processor as nobody.
	SleepIdleContainers bool `json:"sleep_idle_containers"`
	// FastStart makes a stop save the VM without containers, so that the next start goes on from there.
	FastStart bool `json:"fast_start"`
}

// DefaultSleepAfter is what people know: the other desktop engines rest after five minutes without a container.
const DefaultSleepAfter = 5 * time.Minute

func defaultLifecycle() LifecycleSettings {
	return LifecycleSettings{SleepAfter: DefaultSleepAfter, FastStart: true}
}

func lifecycleKeys() []Key {
	return []Key{
		durationKey(Key{
			Name: "sleep_after", Group: GroupLifecycle, Title: "Sleep after", Live: true,
			Help: "the VM sleeps when no container runs and nobody needs docker for so long, and wakes when somebody does; off keeps it awake",
		}, func(s *Settings) *time.Duration { return &s.SleepAfter }),
		switchKey(Key{
			Name: "sleep_idle_containers", Group: GroupLifecycle, Title: "Sleep with idle containers", Live: true,
			Help: "the VM also sleeps while containers run that use no processor; they go on where they were when it wakes",
		}, func(s *Settings) *bool { return &s.SleepIdleContainers }),
		switchKey(Key{
			Name: "fast_start", Group: GroupLifecycle, Title: "Fast start", Live: true,
			Help: "a stop ends the containers and saves the VM without them, so that the next start takes a moment instead of a boot",
		}, func(s *Settings) *bool { return &s.FastStart }),
	}
}
