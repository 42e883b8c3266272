package pid1

import "testing"

func TestParseNotification(t *testing.T) {
	for _, c := range []struct {
		message string
		want    notification
	}{
		{"READY=1", notification{ready: true}},
		{"STATUS=up\nREADY=1\n", notification{ready: true}},
		{"STOPPING=1", notification{stopping: true}},
		{"READY=0\nNOT_READY=1\nREADY=10", notification{}},
		{"", notification{}},
	} {
		if got := parseNotification(c.message); got != c.want {
			t.Errorf("parseNotification(%q) = %+v, want %+v", c.message, got, c.want)
		}
	}
}
