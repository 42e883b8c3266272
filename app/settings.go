package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
)

// Settings are what the user can decide. Their keys on the command line are the JSON names.
type Settings struct {
	// CPUs of the VM.
	CPUs int `json:"cpus"`
	// Memory is the most the VM may use, in bytes. It takes what it needs and gives back what it does not.
	Memory int64 `json:"memory"`
	// Disk is the size of the data disk in bytes. It can grow only; the file takes what is used.
	Disk int64 `json:"disk"`
	// Driver is "auto" or a driver's name.
	Driver string `json:"driver"`
	// Accel is "auto" or an accelerator's name, for example "kvm" or "tcg".
	Accel string `json:"accel"`
	// Shares are the folders that containers may bind, each in the form that ParseShare reads.
	Shares []string `json:"shares"`

	Outbound
	NetworkSettings
	Autostart
	LifecycleSettings
}

// Smallest values that work.
const (
	MinMemory = 512 << 20
	MinDisk   = 2 << 30
)

// Host is what of the machine bounds the settings.
type Host struct {
	CPUs int
	// Memory in bytes; 0 if it is not known.
	Memory int64
	// Drivers that this build has.
	Drivers []string
	// Home is the user's home folder; empty if it is not known.
	Home string
}

// DefaultSettings suit a host: all its processors, a quarter of its memory between 1 and 8 GiB, a 64 GiB sparse disk, the
// user's home folder shared.
func DefaultSettings(h Host) Settings {
	mem := int64(2 << 30)
	if h.Memory > 0 {
		mem = min(max(h.Memory/4, 1<<30), 8<<30) &^ (1<<20 - 1)
	}
	return Settings{CPUs: max(h.CPUs, 1), Memory: mem, Disk: 64 << 30, Driver: Auto, Accel: Auto, Shares: defaultShares(h.Home), Outbound: DefaultOutbound(), NetworkSettings: defaultNetwork(), LifecycleSettings: defaultLifecycle()}
}

// Auto lets Wherry choose.
const Auto = "auto"

// accels are all that any driver knows; whether one works here is found out at the start.
func accels() []string { return []string{Auto, "kvm", "hvf", "whpx", "tcg", "vz"} }

// Kind says what a setting's text is, so that a window can offer the right field for it.
type Kind string

// The kinds of settings.
const (
	KindCount    Kind = "count"    // a whole number
	KindSize     Kind = "size"     // as ParseSize reads it
	KindSwitch   Kind = "switch"   // on or off
	KindChoice   Kind = "choice"   // one of Choices
	KindText     Kind = "text"     // one line
	KindList     Kind = "list"     // values with commas between them
	KindDuration Kind = "duration" // as time.ParseDuration reads it, or off
)

// Group is the heading under which a setting is shown.
type Group string

// The groups, in the order they are shown in.
const (
	GroupResources Group = "Resources"
	GroupEngine    Group = "Engine"
	GroupLifecycle Group = "Start and sleep"
	GroupNetwork   Group = "Network"
	GroupSharing   Group = "Shared folders"
	GroupDocker    Group = "Docker"
)

// Groups are all of them.
func Groups() []Group {
	return []Group{GroupResources, GroupEngine, GroupLifecycle, GroupNetwork, GroupSharing, GroupDocker}
}

// Key describes one setting.
type Key struct {
	// Name on the command line and in the file.
	Name  string
	Kind  Kind
	Group Group
	// Title is what a window calls it, Help one line for people.
	Title, Help string
	// Choices of a KindChoice; Free says that other values are good too.
	Choices []string
	Free    bool
	// Live settings are taken up by a running engine at once.
	Live bool
	get  func(Settings) string
	set  func(*Settings, string) error
}

// Get is the setting's value as text, in the form Set takes.
func (k Key) Get(s Settings) string { return k.get(s) }

// Keys are all settings in the order they are shown in.
func Keys() []Key {
	return slices.Concat(resourceKeys(), engineKeys(), autostartKeys(), lifecycleKeys(), networkKeys(), outboundKeys(), sharingKeys())
}

func resourceKeys() []Key {
	return []Key{
		{
			Name: "cpus", Kind: KindCount, Group: GroupResources, Title: "Processors", Help: "processors of the VM",
			get: func(s Settings) string { return strconv.Itoa(s.CPUs) },
			set: func(s *Settings, v string) (err error) { s.CPUs, err = parseCPUs(v); return err },
		},
		{
			Name: "memory", Kind: KindSize, Group: GroupResources, Title: "Memory", Help: "most memory the VM may use, for example 4GiB",
			get: func(s Settings) string { return FormatSize(s.Memory) },
			set: func(s *Settings, v string) (err error) { s.Memory, err = ParseSize(v); return err },
		},
		{
			Name: "disk", Kind: KindSize, Group: GroupResources, Title: "Disk", Help: "size of the data disk, for example 64GiB; it can only grow",
			get: func(s Settings) string { return FormatSize(s.Disk) },
			set: func(s *Settings, v string) (err error) { s.Disk, err = ParseSize(v); return err },
		},
	}
}

func engineKeys() []Key {
	return []Key{
		textKey(Key{Name: "driver", Group: GroupEngine, Title: "Driver", Help: "hypervisor: auto or its name"},
			func(s *Settings) *string { return &s.Driver }),
		textKey(Key{Name: "accel", Kind: KindChoice, Group: GroupEngine, Title: "Accelerator", Help: "accelerator: " + strings.Join(accels(), ", "), Choices: accels()},
			func(s *Settings) *string { return &s.Accel }),
	}
}

// KeyNames are the names of all settings.
func KeyNames() []string {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	return names
}

// With returns the settings with changes made, checked against the host and, where the engine has one, the present size
// of its data disk (else 0). The first thing that is wrong is the error, with a hint; nothing is changed then.
func (s Settings) With(changes map[string]string, h Host, diskNow int64) (Settings, error) {
	for name := range changes {
		if !slices.Contains(KeyNames(), name) {
			return s, Errorf("use one of: "+strings.Join(KeyNames(), ", "), "unknown setting %q", name)
		}
	}
	next := s
	for _, k := range Keys() {
		if v, ok := changes[k.Name]; ok {
			if err := k.set(&next, strings.TrimSpace(v)); err != nil {
				return s, &Error{Op: "set " + k.Name, Err: err}
			}
		}
	}
	if err := next.Check(h, diskNow); err != nil {
		return s, err
	}
	return next, nil
}

// Check says what is wrong with the settings on this host, if anything.
func (s Settings) Check(h Host, diskNow int64) error {
	switch {
	case s.CPUs < 1:
		return Errorf("set cpus to 1 or more", "the VM needs at least one processor, not %d", s.CPUs)
	case h.CPUs > 0 && s.CPUs > h.CPUs:
		return Errorf(fmt.Sprintf("set cpus to %d or less", h.CPUs), "%d processors are more than the %d this host has", s.CPUs, h.CPUs)
	case s.Memory < MinMemory:
		return Errorf("set memory to "+FormatSize(MinMemory)+" or more", "%s of memory are too little to run docker", HumanSize(s.Memory))
	case h.Memory > 0 && s.Memory > h.Memory:
		return Errorf("set memory to "+FormatSize(DefaultSettings(h).Memory)+", for example", "%s of memory are more than the %s this host has", FormatSize(s.Memory), FormatSize(h.Memory))
	case s.Disk < MinDisk:
		return Errorf("set disk to "+FormatSize(MinDisk)+" or more", "a data disk of %s is too small", FormatSize(s.Disk))
	case s.Disk < diskNow:
		return Errorf("keep disk at "+FormatSize(diskNow)+" or more, or start over with `wherry reset`", "the data disk has %s already and cannot shrink to %s", FormatSize(diskNow), FormatSize(s.Disk))
	}
	if drivers := append([]string{Auto}, h.Drivers...); !slices.Contains(drivers, s.Driver) {
		return Errorf("use one of: "+strings.Join(drivers, ", "), "unknown driver %q", s.Driver)
	}
	if !slices.Contains(accels(), s.Accel) {
		return Errorf("use one of: "+strings.Join(accels(), ", "), "unknown accelerator %q", s.Accel)
	}
	if err := s.NetworkSettings.check(); err != nil {
		return err
	}
	if err := s.Outbound.check(); err != nil {
		return err
	}
	return s.checkShares()
}

// ParseSize reads a size such as 4GiB, 4G, 512m or a plain number of bytes; units are powers of 1024.
func ParseSize(v string) (int64, error) {
	n, err := units.RAMInBytes(v)
	if err != nil || n < 0 {
		return 0, Errorf("write it like 4GiB or 512MiB", "%q is not a size", v)
	}
	return n, nil
}

// FormatSize writes a size so that ParseSize reads the same number, in the largest unit that fits exactly.
func FormatSize(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// HumanSize writes a size for people, rounded, for example 1.4 GiB.
func HumanSize(n int64) string {
	return units.CustomSize("%.4g %s", float64(n), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"})
}

func parseCPUs(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, Errorf("write a whole number, for example 2", "%q is not a number of processors", v)
	}
	return n, nil
}
