package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// webProject is a small web application and a server, with what builds, serves and restarts them from the registry.
func webProject() map[string]string {
	return map[string]string{
		"package.json": `{"name":"web","version":"1.0.0","private":true,"type":"module",
"scripts":{"build":"vite build","dev":"vite --host 0.0.0.0 --port 5173 --clearScreen false","server":"nodemon server.cjs"},
"devDependencies":{"vite":"5.4.11","nodemon":"3.1.7","preact":"10.25.1","lodash":"4.17.21"}}`,
		"index.html":  `<html><body><div id="app"></div><script type="module" src="/src/main.js"></script></body></html>`,
		"src/main.js": "import { h, render } from 'preact'\nimport chunk from 'lodash/chunk'\nimport { text } from './text.js'\nrender(h('p', null, text, chunk([1, 2, 3], 2).length), document.getElementById('app'))\n",
		"src/text.js": "export const text = 'first'\n",
		"server.cjs":  "console.log('server says', require('./word.cjs'))\nsetInterval(() => {}, 1000)\n",
		"word.cjs":    "module.exports = 'one'\n",
	}
}

// npm installs a project's packages in the share, builds it, and has its development servers see the host's edits.
func (s *sharing) npm() {
	s.needs("npm")
	dir := s.folder("web")
	for name, text := range webProject() {
		s.folder("web/" + filepath.Dir(name))
		s.write(filepath.Join(dir, name), text)
	}
	// The host's npm fetches what is needed, as it is set up to; the container's installs it from there.
	cache := s.folder("npm cache")
	s.host(dir, "npm", "install", "--omit-lockfile-registry-resolved=false", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", cache)
	if err := os.RemoveAll(filepath.Join(dir, "node_modules")); err != nil {
		s.t.Fatal(err)
	}
	begun := time.Now()
	registry := strings.TrimSpace(s.host(dir, "npm", "config", "get", "registry")) // is a part of what the cache knows packages by
	out := s.slow("run", "--rm", "-v", dir+":/m", "-v", cache+":/cache", "-w", "/m", "-e", "HOME=/tmp", "-e", "npm_config_registry="+registry, "programs", "sh", "-ec",
		"npm ci --offline --no-audit --no-fund --cache /cache && npm run build && ls node_modules | wc -l && npm ls vite")
	s.t.Logf("npm ci and build took %v: %s", time.Since(begun).Round(time.Second), out)
	built, err := filepath.Glob(filepath.Join(dir, "dist/assets/*.js"))
	if err != nil || len(built) != 1 {
		s.t.Fatalf("built on the host: %q, %v", built, err)
	}
	if b, err := os.ReadFile(built[0]); err != nil || !strings.Contains(string(b), "first") {
		s.t.Errorf("%s: %.200q, %v", built[0], b, err)
	}
	s.vite(dir)
	s.nodemon(dir)
}

// hears waits for a line that has all the words.
func (s *sharing) hears(k *talker, what string, words ...string) {
	s.t.Helper()
	var said []string
	limit := time.After(3 * time.Minute)
	for {
		select {
		case l, ok := <-k.lines:
			said = append(said, l)
			all := ok
			for _, w := range words {
				all = all && strings.Contains(l, w)
			}
			if all {
				return
			}
			if !ok {
				s.t.Fatalf("%s: it has ended; it said %q", what, said)
			}
		case <-limit:
			s.t.Fatalf("%s: no line with %q; it said %q", what, words, said)
		}
	}
}

// vite's development server reloads when the host edits, replaces, makes, renames and deletes files.
func (s *sharing) vite(dir string) {
	port := freePort(s.t)
	k := s.talk(15*time.Minute, "-v", dir+":/m", "-w", "/m", "-e", "HOME=/tmp", "-e", "NO_COLOR=1", "-p", port+":5173", "programs", "sh", "-c", "npm run dev 2>&1")
	s.hears(k, "start of vite", "Local:")
	url := "http://127.0.0.1:" + port
	for _, path := range []string{"/", "/src/main.js", "/src/text.js"} { // vite reloads what has been asked for
		s.fetchSoon(url+path, "")
	}
	text := filepath.Join(dir, "src/text.js")
	s.write(text, "export const text = 'edited'\n")
	s.hears(k, "edit", "page reload", "src/text.js")
	s.fetchSoon(url+"/src/text.js", "edited")
	s.write(text+".tmp", "export const text = 'replaced'\n")
	if err := os.Rename(text+".tmp", text); err != nil {
		s.t.Fatal(err)
	}
	s.hears(k, "replaced", "page reload", "src/text.js")
	s.fetchSoon(url+"/src/text.js", "replaced")
	if err := os.Remove(text); err != nil {
		s.t.Fatal(err)
	}
	s.hears(k, "deleted", "text.js")
	s.write(text, "export const text = 'made again'\n")
	s.fetchSoon(url+"/src/text.js", "made again")
}

// fetchSoon asks until an answer has a word.
func (s *sharing) fetchSoon(url, word string) {
	s.t.Helper()
	s.soon(url, func() (string, bool) {
		body := s.eventually(url)
		return body, strings.Contains(body, word)
	})
}

// nodemon restarts a server when the host edits, replaces, makes, renames and deletes what it is made of.
func (s *sharing) nodemon(dir string) {
	k := s.talk(10*time.Minute, "-v", dir+":/m", "-w", "/m", "-e", "HOME=/tmp", "programs", "sh", "-c", "npm run server 2>&1")
	s.hears(k, "start of nodemon", "server says one")
	word := filepath.Join(dir, "word.cjs")
	s.write(word, "module.exports = 'two'\n")
	s.hears(k, "edit", "server says two")
	s.write(word+"~", "module.exports = 'three'\n")
	if err := os.Rename(word+"~", word); err != nil {
		s.t.Fatal(err)
	}
	s.hears(k, "replaced", "server says three")
	extra := filepath.Join(dir, "extra.cjs")
	s.write(extra, "module.exports = 1\n")
	s.hears(k, "made", "restarting due to changes")
	s.hears(k, "made", "server says three")
	if err := os.Rename(extra, filepath.Join(dir, "renamed.cjs")); err != nil {
		s.t.Fatal(err)
	}
	s.hears(k, "renamed", "restarting due to changes")
	s.hears(k, "renamed", "server says three")
	if err := os.Remove(filepath.Join(dir, "renamed.cjs")); err != nil {
		s.t.Fatal(err)
	}
	s.hears(k, "deleted", "restarting due to changes")
}
