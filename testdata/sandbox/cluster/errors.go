package cluster

import "fmt"

// UsageError is a mistake in what was asked for (exit code 2); all others mean that the
// sandbox could not do it (3).
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

// Usage makes one.
func Usage(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}
