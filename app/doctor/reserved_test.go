package doctor

import (
	"slices"
	"testing"
)

func TestReservedPortsOfWindows(t *testing.T) {
	got := parseReserved("\r\nProtocol tcp Port Exclusion Ranges\r\n\r\nStart Port    End Port\r\n----------    --------\r\n      5357        5357\r\n     50000       50059     *\r\n\r\n* - Administered port exclusions.\r\n")
	if want := []string{"5357-5357", "50000-50059"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
