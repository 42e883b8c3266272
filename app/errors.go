package app

import (
	"errors"
	"fmt"
	"strings"
)

// Error is a failure that a user sees: what happened, and what to do next.
type Error struct {
	// Op is what was being done, for example "start"; may be empty.
	Op string
	// Err is the cause.
	Err error
	// Next is one sentence that names the next action; may be empty.
	Next string
}

// Errorf makes an Error with a hint; format and args are those of fmt.Errorf.
func Errorf(hint, format string, args ...any) *Error {
	return &Error{Err: fmt.Errorf(format, args...), Next: hint}
}

// Error is the message without the hint.
func (e *Error) Error() string {
	if e.Op == "" {
		return e.Err.Error()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint names the next action.
func (e *Error) Hint() string {
	if e.Next != "" {
		return e.Next
	}
	return hintOf(e.Err)
}

// ErrorInfo is an error as it travels and as people read it: one line each.
type ErrorInfo struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Code is a word for programs, where there is one: see the Warn constants.
	Code string `json:"code,omitempty"`
}

// Error makes an ErrorInfo usable as an error again.
func (e *ErrorInfo) Error() string { return e.Message }

// InfoOf turns any error into what is shown: its message on one line and the hint of the outermost error in its chain
// that has one. It is nil for nil.
func InfoOf(err error) *ErrorInfo {
	if err == nil {
		return nil
	}
	return &ErrorInfo{Message: strings.Join(strings.Fields(err.Error()), " "), Hint: hintOf(err)}
}

// AsError is the way back from InfoOf.
func (e *ErrorInfo) AsError() error {
	if e == nil {
		return nil
	}
	return &Error{Err: errors.New(e.Message), Next: e.Hint}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
