package app_test

import (
	"testing"

	"github.com/wherry-app/wherry/app"
)

func TestWarningsComeAndGo(t *testing.T) {
	var s app.Snapshot
	s.Warnings = []app.ErrorInfo{{Message: "other"}}
	before := s.Warnings
	s.SetWarning("a", &app.ErrorInfo{Message: "one"})
	s.SetWarning("a", &app.ErrorInfo{Message: "two"})
	s.SetWarning("b", nil)
	if len(s.Warnings) != 2 || s.Warnings[1].Message != "two" || s.Warnings[1].Code != "a" {
		t.Errorf("%+v", s.Warnings)
	}
	s.SetWarning("a", nil)
	if len(s.Warnings) != 1 || len(before) != 1 || before[0].Message != "other" {
		t.Errorf("%+v, %+v", s.Warnings, before)
	}
}
