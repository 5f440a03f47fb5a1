// Package fault names the ways in which a command can end, so that every
// binary of the workbench answers with the same exit codes and the same shape
// of error text.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// The exit codes of every binary. The same table stands in each help text.
const (
	CodeYes         = 0   // done, or the answer is yes
	CodeNo          = 1   // the answer is no: gate failed, rolled back, drift, leak
	CodeUsage       = 2   // usage or configuration
	CodeUnable      = 3   // could not tell, or could not act
	CodeInterrupted = 130 // interrupted by a signal, as shells say it
)

// Error is an error with an exit code and hints for the person who reads it.
// Its text is lower case and says what was attempted, the bad value and what
// is allowed. It never holds a secret.
type Error struct {
	code  int
	cause error
	hints []string
}

// No says that the question was answered, and the answer is no (exit 1).
func No(format string, args ...any) *Error { return build(CodeNo, format, args) }

// Usage says that the command line or the configuration is wrong (exit 2).
func Usage(format string, args ...any) *Error { return build(CodeUsage, format, args) }

// Unable says that the command could not tell or could not act (exit 3).
func Unable(format string, args ...any) *Error { return build(CodeUnable, format, args) }

func build(code int, format string, args []any) *Error {
	return &Error{code: code, cause: fmt.Errorf(format, args...)}
}

// Hint adds a line that says what to do next, and returns the same error.
func (e *Error) Hint(format string, args ...any) *Error {
	e.hints = append(e.hints, fmt.Sprintf(format, args...))
	return e
}

// Error is the text without its hints.
func (e *Error) Error() string { return e.cause.Error() }

// Unwrap gives errors.Is and errors.As what was wrapped with %w.
func (e *Error) Unwrap() error { return e.cause }

// Code is the exit code that err asks for. An error of no known kind could
// not be judged, so it is CodeUnable: an unknown failure is never a yes.
func Code(err error) int {
	var known *Error
	switch {
	case err == nil:
		return CodeYes
	case errors.As(err, &known):
		return known.code
	case errors.Is(err, context.Canceled):
		return CodeInterrupted
	}
	return CodeUnable
}

// Hints collects the hints along the chain of err, outermost first, joined
// errors included.
func Hints(err error) []string {
	var all []string
	if known, ok := err.(*Error); ok {
		all = append(all, known.hints...)
	}
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		return append(all, Hints(wrapped.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, one := range wrapped.Unwrap() {
			all = append(all, Hints(one)...)
		}
	}
	return all
}
