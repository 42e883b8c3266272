package app

import "slices"

// Codes of warnings that come and go with what they warn of.
const (
	WarnHostDiskLow = "host-disk-low"  // the host's disk is nearly full
	WarnGuestDisk   = "data-disk-full" // the data disk is nearly full
	WarnRestart     = "restart-needed" // the VM runs with earlier settings or an earlier guest image
	WarnImage       = "guest-image"    // the new guest image did not boot, the one before it did
)

// SetWarning puts a warning with a code in the place of the one with the same code, or removes that when info is nil. The
// snapshot's list is not changed but replaced.
func (s *Snapshot) SetWarning(code string, info *ErrorInfo) {
	i := slices.IndexFunc(s.Warnings, func(w ErrorInfo) bool { return w.Code == code })
	switch {
	case info == nil && i < 0:
		return
	case info == nil:
		s.Warnings = slices.Delete(slices.Clone(s.Warnings), i, i+1)
		return
	}
	w := *info
	w.Code = code
	if i < 0 {
		s.Warnings = append(slices.Clone(s.Warnings), w)
		return
	}
	s.Warnings = slices.Clone(s.Warnings)
	s.Warnings[i] = w
}
