package ui

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/wherry-app/wherry/ui/look"
)

// Prefs are what the window remembers for itself, in a file of its own. A missing or broken file is as good as an empty
// one: nothing in it is worth failing for.
type Prefs struct {
	path string
	mu   sync.Mutex
	v    prefs
	// changed is called on the UI goroutine when the theme was changed.
	changed func()
}

type prefs struct {
	Theme      look.Mode `json:"theme,omitempty"`
	StopOnQuit bool      `json:"stop_on_quit,omitempty"`
	Width      float32   `json:"width,omitempty"`
	Height     float32   `json:"height,omitempty"`
}

// LoadPrefs reads the file at path.
func LoadPrefs(path string) *Prefs {
	p := &Prefs{path: path, changed: func() {}}
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &p.v) != nil {
		p.v = prefs{}
	}
	return p
}

// Theme is the face that is wanted.
func (p *Prefs) Theme() look.Mode {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.v.Theme == "" {
		return look.System
	}
	return p.v.Theme
}

// SetTheme changes and saves it.
func (p *Prefs) SetTheme(m look.Mode) {
	p.set(func(v *prefs) { v.Theme = m })
	p.changed()
}

// StopOnQuit says whether quitting stops the engine too.
func (p *Prefs) StopOnQuit() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.v.StopOnQuit
}

// SetStopOnQuit changes and saves it.
func (p *Prefs) SetStopOnQuit(on bool) { p.set(func(v *prefs) { v.StopOnQuit = on }) }

// Size is the window's of last time, or zero.
func (p *Prefs) Size() (w, h float32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.v.Width, p.v.Height
}

// SetSize remembers the window's size.
func (p *Prefs) SetSize(w, h float32) { p.set(func(v *prefs) { v.Width, v.Height = w, h }) }

func (p *Prefs) set(f func(*prefs)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.v)
	_ = p.save() // see the type's contract
}

func (p *Prefs) save() error {
	b, err := json.MarshalIndent(p.v, "", "  ")
	if err != nil {
		return fmt.Errorf("write window settings: %w", err)
	}
	tmp := p.path + ".new"
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return fmt.Errorf("write window settings: %w", err)
	}
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write window settings: %w", err)
	}
	return os.Rename(tmp, p.path)
}
