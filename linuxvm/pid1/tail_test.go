package pid1

import (
	"strings"
	"testing"
)

func TestReadTail(t *testing.T) {
	long := strings.Repeat("x", 10000) + "end\n"
	for _, c := range []struct{ in, want string }{{"", ""}, {" a b \n", "a b"}, {long, "xend"}} {
		if got := readTail(strings.NewReader(c.in), 5); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
