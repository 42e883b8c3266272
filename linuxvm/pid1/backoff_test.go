package pid1

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	var b backoff
	for i, want := range []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000} {
		if got := b.after(time.Second); got != want*time.Millisecond {
			t.Errorf("pause %d is %v, want %v", i, got, want*time.Millisecond)
		}
	}
	if got := b.after(goodRun); got != firstPause {
		t.Errorf("pause after a good run is %v, want %v", got, firstPause)
	}
}
