package initrd

import "testing"

func TestHandoffRoundTrip(t *testing.T) {
	want := Handoff{Start: 1, Modules: 22, Root: 333}
	if got := ParseHandoff(want.String()); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, bad := range []string{"", "x", ",,,,"} {
		if got := ParseHandoff(bad); got != (Handoff{}) {
			t.Errorf("ParseHandoff(%q) = %v", bad, got)
		}
	}
}
