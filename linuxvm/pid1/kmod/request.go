package kmod

import "strings"

// IndexPath is the guest's index of all its modules.
const IndexPath = "/usr/lib/wherry/modules.index"

// BuiltIn is the path of modules that the kernel has built in: to load one is to do nothing.
const BuiltIn = "-"

// A Request is what modprobe was asked for.
type Request struct {
	// Names of modules, or aliases, to load.
	Names []string
	// Params are for the module, if it is one.
	Params string
	// Quiet requests do not complain.
	Quiet bool
	// Idle requests change nothing: to remove modules (the guest keeps them), to list them, or a dry run.
	Idle bool
}

// ParseRequest reads modprobe's arguments; options it does not know are ignored.
func ParseRequest(args []string) Request {
	var r Request
	var words []string
	all := false
	for i, a := range args {
		if a == "--" {
			words = append(words, args[i+1:]...)
			break
		}
		switch {
		case a == "--all":
			all = true
		case a == "--quiet":
			r.Quiet = true
		case a == "--remove" || a == "--dry-run" || a == "--show-depends":
			r.Idle = true
		case strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--"):
			all = all || strings.Contains(a, "a")
			r.Quiet = r.Quiet || strings.Contains(a, "q")
			r.Idle = r.Idle || strings.ContainsAny(a, "rnD")
		case !strings.HasPrefix(a, "-"):
			words = append(words, a)
		}
	}
	if !all && len(words) > 1 {
		r.Params = strings.Join(words[1:], " ")
		words = words[:1]
	}
	r.Names = words
	return r
}
