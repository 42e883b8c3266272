package doctor

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
)

// removed stands where a secret was.
const removed = "[removed]"

// A Redactor takes secrets out of text: those it was told of wherever they stand, and what looks like one. It may be used
// concurrently once it is made.
type Redactor struct {
	known  *strings.Replacer
	shapes []*regexp.Regexp
}

// minSecret is the length in bytes from which on a known value is taken out wherever it stands. A shorter one would
// blacken the whole text, and is only taken out where its name says that it is one.
const minSecret = 5

// NewRedactor makes a Redactor that knows these secrets. userHome, if it is not empty, is written as ~.
func NewRedactor(secrets []string, userHome string) *Redactor {
	var all []string
	for _, s := range secrets {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)), strings.Trim(jsonText(s), `"`)} {
			if len(form) >= minSecret {
				all = append(all, form)
			}
		}
	}
	// The longest first: a secret that is the beginning of another must not leave the rest of it.
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, s := range slices.Compact(all) {
		pairs = append(pairs, s, removed)
	}
	if len(userHome) > 1 {
		pairs = append(pairs, userHome, "~")
	}
	return &Redactor{known: strings.NewReplacer(pairs...), shapes: shapes()}
}

// secretName matches the names of variables, fields and headers whose value is a secret.
const secretName = `[A-Za-z0-9_.\-]*(?i:passw(?:or)?d|passphrase|passwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|credential|registry[_\-]?auth|registry-config)[A-Za-z0-9_.\-]*`

// shapes are what secrets look like; the parts in brackets that are named keep stay.
func shapes() []*regexp.Regexp {
	return []*regexp.Regexp{
		// keys and certificates' private halves
		regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`),
		// user and password in an address
		regexp.MustCompile(`(?P<keep>\b[a-zA-Z][a-zA-Z0-9+.\-]*://)[^/\s"'@]*@`),
		// headers
		regexp.MustCompile(`(?P<keep>(?i:authorization|x-registry-auth|x-registry-config|cookie)["']?\s*[:=]\s*["'\[]*(?i:basic |bearer |token )?)[^\s"',\]]+`),
		regexp.MustCompile(`(?P<keep>(?i:bearer|basic)\s+)[A-Za-z0-9._~+/\-]{8,}=*`),
		// an environment as docker writes it: all values, whatever their names
		regexp.MustCompile(`(?P<keep>\\?"(?:Env|env|environment)\\?"\s*:\s*)(?:\[(?:\s*\\?"(?:[^"\\]|\\.)*\\?"\s*,?)*\s*\]|\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}|[\[{][^\n]*)`),
		regexp.MustCompile(`(?P<keep>(?:^|\s)(?:-e|--env|--build-arg)[ =]["']?[A-Za-z_][A-Za-z0-9_]*=)(?:"[^"]*"|'[^']*'|\S+)`),
		// name: value in JSON, logs and the environment
		regexp.MustCompile(`(?P<keep>\\?"` + secretName + `\\?"\s*:\s*)(?:\\?"(?:[^"\\]|\\[^"])*\\?"|[^\s,}\]]+)`),
		regexp.MustCompile(`(?P<keep>"auth"\s*:\s*)"[^"]*"`),
		regexp.MustCompile(`(?P<keep>\b` + secretName + `\s*=\s*)(?:"[^"]*"|'[^']*'|[^\s"',;&]+)`),
		regexp.MustCompile(`(?P<keep>(?:^|\s)-{1,2}` + secretName + `\s+)[^\s-]\S*`),
		regexp.MustCompile(`(?P<keep>\b` + secretName + `\s*:\s+)[^\s"',;]+`),
		// tokens with a shape of their own
		regexp.MustCompile(`\beyJ[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?`),
		regexp.MustCompile(`\b(?:gh[pousr]_|github_pat_|glpat-|dckr_pat_|xox[abprs]-|sk-|npm_|hf_|pypi-)[A-Za-z0-9_\-]{8,}`),
		regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`),
	}
}

// Text is s without secrets.
func (r *Redactor) Text(s string) string {
	s = r.known.Replace(s)
	for _, shape := range r.shapes {
		with := removed
		if slices.Contains(shape.SubexpNames(), "keep") {
			with = "${keep}" + removed
		}
		if strings.Contains(shape.String(), "://") {
			with += "@"
		}
		s = shape.ReplaceAllString(s, with)
	}
	return s
}

// hostSecrets are the secrets of this user that we know where to find: registry credentials of the docker command, and
// those in the environment.
func hostSecrets() []string {
	var secrets []string
	for _, a := range dockerConfig().Auths {
		secrets = append(secrets, a.Auth, a.IdentityToken, a.RegistryToken, a.Password)
		if plain, err := base64.StdEncoding.DecodeString(a.Auth); err == nil {
			_, password, _ := strings.Cut(string(plain), ":")
			secrets = append(secrets, password)
		}
	}
	return append(secrets, environmentSecrets(os.Environ())...)
}

// environmentSecrets are the values of variables whose names say that they are secret, and the passwords in addresses.
func environmentSecrets(environ []string) []string {
	name := regexp.MustCompile(`^` + secretName + `$`)
	var secrets []string
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		if name.MatchString(k) {
			secrets = append(secrets, v)
		}
		secrets = append(secrets, passwordIn(v)...)
	}
	return secrets
}

// passwordIn is the password of an address, as it is written and decoded, if it has one.
func passwordIn(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return nil
	}
	password, ok := u.User.Password()
	if !ok {
		return nil
	}
	return []string{password}
}
