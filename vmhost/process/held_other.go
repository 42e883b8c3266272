//go:build !linux

package process

// Held says whether the process was stopped by a signal, which is not told here.
func (p *Process) Held() bool { return false }

// Unhold does nothing here.
func (p *Process) Unhold() error { return nil }
