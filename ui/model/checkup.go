package model

import "strings"

// Check is one thing that was examined on this computer.
type Check struct {
	Title string
	// Verdict is ok, unknown, warning or problem.
	Verdict string
	// Message says what was found, Fix what to do about it, if anything.
	Message, Fix string
}

// Tone is the meaning of the verdict.
func (c Check) Tone() Tone {
	switch c.Verdict {
	case "ok":
		return Good
	case "warning":
		return Warn
	case "problem":
		return Bad
	}
	return Neutral
}

// Icon is the name of the verdict's icon.
func (c Check) Icon() string {
	switch c.Verdict {
	case "ok":
		return "check"
	case "warning":
		return "warning"
	case "problem":
		return "error"
	}
	return "help"
}

// Summary says in one line how an examination came out, and in which tone.
func Summary(checks []Check) (string, Tone) {
	n := map[string]int{}
	for _, c := range checks {
		n[c.Verdict]++
	}
	var parts []string
	if n["problem"] > 0 {
		parts = append(parts, Plural(n["problem"], "problem"))
	}
	if n["warning"] > 0 {
		parts = append(parts, Plural(n["warning"], "warning"))
	}
	switch {
	case len(parts) == 0:
		return "Nothing wrong was found.", Good
	case n["problem"] > 0:
		return strings.Join(parts, ", ") + ". What is marked red keeps the engine from working.", Bad
	}
	return strings.Join(parts, ", ") + ". The engine works.", Warn
}

// CheckText is an examination as text, for the clipboard.
func CheckText(checks []Check) string {
	var b strings.Builder
	for _, c := range checks {
		b.WriteString(c.Verdict + ": " + c.Title + ": " + c.Message + "\n")
		if c.Fix != "" {
			b.WriteString("    " + c.Fix + "\n")
		}
	}
	return b.String()
}

// Licence is of a part that Wherry is made of.
type Licence struct {
	// Part says where it belongs: to the programs or to the guest image.
	Part, Name, Version, Licence string
	// Text is the licence in full; empty if it is not at hand.
	Text string
}

// FindLicences picks those that match text.
func FindLicences(all []Licence, text string) []Licence {
	var out []Licence
	for _, l := range all {
		if Contains(text, l.Part, l.Name, l.Licence) {
			out = append(out, l)
		}
	}
	return out
}
