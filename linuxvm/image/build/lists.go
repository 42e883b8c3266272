package build

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// lines returns a list's lines without comments and blank lines. A line that ends in " @arch" counts for that
// architecture only.
func lines(lists fs.FS, name, arch string) ([]string, error) {
	text, err := fs.ReadFile(lists, name)
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		line, only, limited := strings.Cut(line, "@")
		if line = strings.TrimSpace(line); line == "" || limited && strings.TrimSpace(only) != arch {
			continue
		}
		out = append(out, line)
	}
	return out, nil
}

// A matcher is a list of patterns; the last one that matches a path decides.
type matcher []rule

type rule struct {
	pattern *regexp.Regexp
	keep    bool
}

// newMatcher compiles shell patterns: * and ? stay within a path's element, ** does not, {a,b} is either, and a leading
// ! takes away.
func newMatcher(patterns []string) (matcher, error) {
	var m matcher
	for _, p := range patterns {
		body, negative := strings.CutPrefix(p, "!")
		re, err := regexp.Compile(globRegexp(body))
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", p, err)
		}
		m = append(m, rule{re, !negative})
	}
	return m, nil
}

// keeps reports whether the list takes a path.
func (m matcher) keeps(p string) bool {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].pattern.MatchString(p) {
			return m[i].keep
		}
	}
	return false
}

// globRegexp turns a shell pattern into a regular expression for the whole path.
func globRegexp(p string) string {
	var b strings.Builder
	b.WriteString(`\A(?:`)
	depth := 0
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case strings.HasPrefix(p[i:], "**"):
			b.WriteString(`.*`)
			i++
		case c == '*':
			b.WriteString(`[^/]*`)
		case c == '?':
			b.WriteString(`[^/]`)
		case c == '{':
			b.WriteString(`(?:`)
			depth++
		case c == '}':
			b.WriteString(`)`)
			depth--
		case c == ',' && depth > 0:
			b.WriteString(`|`)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString(`)\z`)
	return b.String()
}
